// A stored run for people: its table on standard output, its page in a file. Both are loaded only when they are wanted.
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

/** `tree`: the project's folder, below which the pictures of the run's screens are. `history`: how many runs a trend has at most. */
export async function writePage(
  file: string,
  run: StoredRun,
  { earlier, store, tree, history }: { earlier: Earlier; store: Store; tree: string; history?: number },
): Promise<void> {
  const { renderReport, writeReport } = await import('../results/report.ts');
  const input = { run, earlier, trends: store.trends(run, history) };
  const page = renderReport(input);
  if (!run.boots.some(({ screen }) => screen)) return writeReport(file, page);
  const { picturesOf } = await import('../results/screens.ts');
  writeReport(file, renderReport({ ...input, pictures: picturesOf(run, tree, page.length) }));
}
