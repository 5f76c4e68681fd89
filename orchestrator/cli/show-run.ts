// A stored run for people: its table on standard output, its page in a file. Both are loaded only when they are wanted.
import type { Comparison } from '../results/comparison.ts';
import { shellWords } from '../results/format.ts';
import type { Gate } from '../results/report/gate.ts';
import type { Html } from '../results/report/html.ts';
import type { ProfilePart } from '../results/report/profile.ts';
import { notOurs, type StoredRun } from '../results/run.ts';
import type { EarlierBoot, Store } from '../results/store.ts';
import { columnsOf, styleFor, writeOut } from '../ui/output.ts';

type Earlier = readonly (EarlierBoot | undefined)[];

export async function printRun(run: StoredRun, earlier: Earlier): Promise<void> {
  const style = styleFor(process.stdout);
  if (run.boots.some(({ accelerator }) => accelerator === notOurs)) {
    const { importedText } = await import('../results/imported-text.ts');
    writeOut(importedText(run, columnsOf(process.stdout), style));
    return;
  }
  const { runTable } = await import('../results/table.ts');
  writeOut(runTable(run, { columns: columnsOf(process.stdout), style, earlier }));
}

type PageWish = {
  readonly earlier: Earlier;
  readonly store: Store;
  /** The project's folder, below which the pictures of the run's screens are. */
  readonly tree: string;
  /** How many runs a trend has at most. */
  readonly history?: number;
  /** Of the run with others, where it does not remember them itself. */
  readonly comparison?: Comparison | undefined;
};

export async function writePage(file: string, run: StoredRun, wish: PageWish): Promise<void> {
  const { renderReport, writeReport } = await import('../results/report.ts');
  const { earlier, store, tree, history } = wish;
  const against = run.against?.runs.flatMap((id) => store.run(id) ?? []) ?? [];
  const gate = await gateOf(run, against, wish.comparison);
  const profile = await profileOf(run, wish);
  const coverage = run.boots.some((boot) => boot.coverage) ? await coverageOf(run, tree) : null;
  const more = { ...(gate ? { gate } : {}), ...(profile ? { profile } : {}), coverage };
  const input = { run, earlier, trends: store.trends(run, history), against, ...more };
  const page = renderReport(input);
  if (!run.boots.some(({ screen }) => screen)) return writeReport(file, page);
  const { picturesOf } = await import('../results/screens.ts');
  writeReport(file, renderReport({ ...input, pictures: picturesOf(run, tree, page.length) }));
}

async function coverageOf(run: StoredRun, tree: string): Promise<Html | null> {
  const { storedCoverage } = await import('../results/coverage/stored.ts');
  const coverage = storedCoverage(run, tree);
  return coverage ? (await import('../results/report/coverage.ts')).coverageSection(coverage) : null;
}

async function profileOf(run: StoredRun, { earlier, tree }: PageWish): Promise<ProfilePart | undefined> {
  if (!run.boots.some(({ profile }) => profile)) return undefined;
  const { profilePart } = await import('../results/report/profile.ts');
  return profilePart(run, earlier, tree);
}

async function gateOf(
  run: StoredRun,
  others: readonly StoredRun[],
  known: Comparison | undefined,
): Promise<Gate | undefined> {
  const shown = known ?? (await remembered(run, others));
  if (!shown) return undefined;
  const { makeGate } = await import('../results/report/gate.ts');
  return makeGate(shown, shellWords(run.command));
}

async function remembered(run: StoredRun, others: readonly StoredRun[]): Promise<Comparison | undefined> {
  if (!run.against || others.length === 0) return undefined;
  const { compareRuns } = await import('../results/comparison.ts');
  return compareRuns(others, [run], run.against.rules);
}
