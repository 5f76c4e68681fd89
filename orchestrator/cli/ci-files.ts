// The folder of a pipeline job: everything that it found, for people and for CI systems, in files that stand alone.
import {
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type Failure, failureOf, SynosError } from '../../core/failure.ts';
import { stringifyExact } from '../../core/json-exact.ts';
import { writeOutFile } from '../../core/out-file.ts';
import { visible } from '../../core/text.ts';
import { codeQuality } from '../results/ci/code-quality.ts';
import type { CiResult } from '../results/ci/document.ts';
import { forServers, stepList } from '../results/ci/reports.ts';
import { ciSummary } from '../results/ci/summary.ts';
import { writeJunit } from '../results/formats/junit.ts';
import { writeKtap } from '../results/formats/ktap.ts';
import { writeOpenMetrics } from '../results/formats/openmetrics.ts';
import { gitFacts, hostFacts } from '../results/provenance.ts';
import { makeRun, type StoredRun } from '../results/run.ts';
import type { Job } from './ci-job.ts';
import { valuesOf } from './ci-system.ts';
import { writePage } from './show-run.ts';
import { version } from './version.ts';

export type CiFolder = { readonly path: string; readonly events: string };

/** Says whose folder it is: only such a one is emptied. */
const mark = '.synos-ci';
const names = [
  ...['ci.json', 'run.json', 'comparison.json', 'junit.xml', 'tests.ktap', 'summary.md', 'report.html'],
  ...['events.jsonl', 'metrics.txt', 'gl-code-quality.json', 'synos.env', 'logs', 'screens'],
];

/** Makes it, or empties that of the job before. Throws SynosError usage for a folder of somebody else, path.unwritable. */
export function openFolder(tree: string, wanted: string | undefined): CiFolder {
  const path = wanted === undefined ? join(tree, 'out', 'ci') : resolve(wanted);
  const ours = wanted === undefined || existsSync(join(path, mark));
  if (!ours && existsSync(path) && !isEmpty(path))
    throw new SynosError({
      code: 'usage',
      message: `${visible(path)} is not an empty folder, and \`synos ci\` has not made it`,
      hint: 'name an empty folder, or one that is not there yet',
    });
  try {
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, mark), '');
    for (const name of names) rmSync(join(path, name), { recursive: true, force: true });
  } catch (error) {
    const failure = failureOf(error);
    if (failure.code !== 'internal') throw error;
    const { code: reason = 'unknown' } = error as NodeJS.ErrnoException;
    throw new SynosError({ code: 'path.unwritable', path: visible(path), reason }, { cause: error });
  }
  return { path, events: join(path, 'events.jsonl') };
}

function isEmpty(path: string): boolean {
  return statSync(path).isDirectory() && readdirSync(path).length === 0;
}

/** Writes all files; one that cannot be made is a failure, and the others are made all the same. */
export async function writeFolder(job: Job, { path }: CiFolder, result: CiResult): Promise<Failure[]> {
  const { document, run, comparison } = result;
  const { session, store } = job;
  const put = (name: string, text: string): void => writeOutFile(join(path, name), text);
  const compared = comparison ? [forServers(comparison, document.grew, job.asked.gate)] : [];
  const reports = run ?? (await emptyRun(job, document.exit));
  return attempts([
    () => put('ci.json', `${stringifyExact(document)}\n`),
    () => put('summary.md', ciSummary(result, 1 << 20)),
    () => put('junit.xml', writeJunit(reports, compared, [stepList(document)])),
    () => put('tests.ktap', writeKtap(reports, compared, [stepList(document)])),
    () =>
      put(
        'synos.env',
        valuesOf(result, (name) => `SYNOS_${name.toUpperCase()}`),
      ),
    () => put('gl-code-quality.json', `${JSON.stringify(codeQuality(document.findings))}\n`),
    ...(comparison ? [() => put('comparison.json', `${stringifyExact(comparison)}\n`)] : []),
    ...(run
      ? [
          async () => put('metrics.txt', (await writeOpenMetrics(run)).text),
          () => put('run.json', `${stringifyExact(run)}\n`),
          () => copyAll(run, session.tree, path),
        ]
      : []),
    ...(run && store
      ? [
          () =>
            writePage(join(path, 'report.html'), run, {
              ...{ earlier: store.earlierBoots(run), store, tree: session.tree, comparison },
            }),
        ]
      : []),
  ]);
}

async function attempts(all: readonly (() => void | Promise<void>)[]): Promise<Failure[]> {
  const failures: Failure[] = [];
  for (const work of all) {
    try {
      await work();
    } catch (error) {
      failures.push(failureOf(error));
    }
  }
  return failures;
}

function copyAll({ boots }: StoredRun, tree: string, folder: string): void {
  for (const [kind, paths] of [
    ['logs', boots.map(({ log }) => log)],
    ['screens', boots.map(({ screen }) => screen?.path ?? null)],
  ] as const) {
    const there = paths.filter((path) => path !== null);
    if (there.length > 0) mkdirSync(join(folder, kind), { recursive: true });
    for (const path of there)
      copyFileSync(join(tree, path), join(folder, kind, basename(path)), constants.COPYFILE_FICLONE);
  }
}

/** Where nothing was booted, so that reports of the steps can still be made. */
async function emptyRun({ session }: Job, exit: number): Promise<StoredRun> {
  return makeRun({
    ...{ command: ['synos', ...process.argv.slice(2)], synos: version(), startedAt: session.startedAt },
    ...{ durationMs: Date.now() - session.startedAt.getTime(), git: await gitFacts(session.tree) },
    ...{ host: hostFacts(), artefacts: [], tools: [], boots: [], results: [], exit },
  });
}
