// `synos ci`: the pipeline job. Its steps run one after the other, each with a verdict; one that fails hides no later one that can still run. All
// of it ends in one summary and one folder of files, the same at home and under a CI system.
import { statSync } from 'node:fs';
import { join, normalize, relative, resolve, sep } from 'node:path';
import type { Event } from '../../core/event.ts';
import { failureOf, SynosError } from '../../core/failure.ts';
import { stringifyExact } from '../../core/json-exact.ts';
import { visible } from '../../core/text.ts';
import { count } from '../../core/words.ts';
import type { Config } from '../config/schema.ts';
import type { Cell } from '../plan/matrix.ts';
import { machineCell, matrixOf, type Pipeline, pipeline } from '../plan/pipeline.ts';
import { listedFiles } from '../plan/project-files.ts';
import { type CiDocument, type CiResult, decisive } from '../results/ci/document.ts';
import { findingsOfFailure, type Locate } from '../results/ci/findings.ts';
import { ciText } from '../results/ci/text.ts';
import { gitFacts } from '../results/provenance.ts';
import { limitDefault } from '../results/trial.ts';
import { columnsOf, styleFor, writeOut } from '../ui/output.ts';
import { plainReader } from '../ui/plain.ts';
import type { Wish } from './bench-sides.ts';
import { type Options, showPlan } from './build.ts';
import { changedFiles, folderInRepository } from './ci-base.ts';
import { buildAndBoot } from './ci-boots.ts';
import { type CiFolder, openFolder, writeFolder } from './ci-files.ts';
import { judge } from './ci-gate.ts';
import { failedBy, type Job, skipped, step, type Told } from './ci-job.ts';
import { type CiSystem, ciSystem } from './ci-system.ts';
import { endWith } from './exit.ts';
import type { Flags } from './flags.ts';
import { configured, openSession, type Session } from './session.ts';
import { version } from './version.ts';

export async function ci(flags: Flags, args: readonly string[], options: Options): Promise<number> {
  const system = ciSystem(process.env);
  try {
    return await work(flags, args, options, system);
  } catch (error) {
    // What keeps the job from starting: a configuration, say, with its line.
    const failure = failureOf(error);
    const top = await folderInRepository({
      tree: flags.directory,
      home: '',
      signal: new AbortController().signal,
    }).catch(() => '');
    system.annotate(findingsOfFailure(failure, 'pipeline', locateFrom(flags.directory, top, [])));
    throw new SynosError(failure);
  }
}

async function work(
  flags: Flags,
  args: readonly string[],
  options: Options,
  system: CiSystem,
): Promise<number> {
  const { tree, config } = await configured(flags);
  const wish = wishOf(config, args, options);
  const name = textIn(options, 'matrix') ?? config.ci.matrix;
  const matrix = name === null ? undefined : matrixOf(config, name);
  const cells = [...wish.machines.map((machine) => machineCell(config, machine)), ...(matrix?.cells ?? [])];
  const { machines, exact, commandLine } = wish;
  const boots = { machines, exact, commandLine, runs: 1, cells: eachOnce(cells) };
  const story = (): Pipeline => pipeline({ tree, config }, { targets: [], boots });
  if (flags.dryRun) return showPlan(flags, story().plan);
  const folder = openFolder(tree, textIn(options, 'out'));
  const events = flags.events ?? folder.events;
  const muted = { now: false };
  const reader = mutable(muted, flags);
  const session = await openSession({ ...flags, events, quiet: true }, 'ci', version(), {
    plain: true,
    reader,
  });
  const job = await newJob(session, flags, options, { wish, system, muted });
  try {
    await buildAndBoot(job, story, matrix);
    await judge(job);
    await step(job, 'store', () => storeAll(job));
    const result = { document: await documentOf(job, folder), run: job.run, comparison: job.comparison };
    const unwritten = await writeFolder(job, folder, result);
    await tell(job, result);
    // A server that finds no results must not show the job of before, or none, beside a green light.
    const exit = endWith(unwritten, false);
    return result.document.exit || exit;
  } finally {
    job.store?.close();
    await session.close();
  }
}

/** Plain lines, on a terminal, too: what is read in a log of the CI system is seen in the same way at home. */
function mutable(muted: { now: boolean }, { quiet, verbose }: Flags): (event: Event) => void {
  const plain = plainReader({ quiet, verbose, serial: verbose, style: styleFor(process.stderr) });
  return (event) => {
    if (!muted.now) plain(event);
  };
}

function wishOf(config: Config, args: readonly string[], options: Options): Wish {
  const { floor, alpha, tolerance } = config.ci.gate;
  const named = args.length > 0 ? args : config.ci.machines;
  return {
    machines: named.length > 0 ? [...new Set(named)] : Object.keys(config.machines).slice(0, 1),
    exact: typeof options['exact'] === 'boolean' ? options['exact'] : undefined,
    limit: typeof options['runs'] === 'number' ? options['runs'] : limitDefault,
    commandLine: textIn(options, 'append') ?? '',
    rules: { floor: floor / 100, alpha: alpha / 100, tolerance: tolerance / 100 },
  };
}

const textIn = (options: Options, name: string): string | undefined =>
  typeof options[name] === 'string' ? options[name] : undefined;

/** A matrix that varies nothing but machines has cells of their names. */
function eachOnce(cells: readonly Cell[]): Cell[] {
  const byName = new Map(cells.toReversed().map((cell) => [cell.name, cell]));
  return [...new Set(cells.map((cell) => cell.name))].flatMap((name) => byName.get(name) ?? []);
}

async function newJob(
  session: Session,
  flags: Flags,
  options: Options,
  given: Pick<Job, 'wish' | 'system' | 'muted'>,
): Promise<Job> {
  const folder = await folderInRepository(session);
  return {
    ...{ session, flags, ...given },
    asked: {
      against: textIn(options, 'against'),
      baseline: (textIn(options, 'baseline') ?? 'auto') as Job['asked']['baseline'],
      gate: options['gate'] !== false,
    },
    locate: locateFrom(session.tree, folder, [session.config.kernel.dir]),
    ...{ steps: [], findings: [], stored: [], sides: undefined, timed: [], grew: [] },
  };
}

/**
 * Files of the project by whatever name: absolute, from its folder, from one of those that commands run in, or from another that only one file
 * can be meant from, as a make below another names it.
 */
function locateFrom(tree: string, folder: string, dirs: readonly string[]): Locate {
  let all: readonly string[] | undefined;
  const only = (file: string): string | undefined => {
    all ??= listedFiles(tree).files;
    const found = all.filter((one) => one.endsWith(`/${file}`));
    return found.length === 1 ? found[0] : undefined;
  };
  return (file) => {
    const places = ['', ...dirs].map((dir) => resolve(tree, dir, file));
    const found = places.find((place) => statSync(place, { throwIfNoEntry: false })?.isFile());
    const path = found === undefined ? only(normalize(file)) : relative(tree, found);
    return path === undefined || path.split(sep)[0] === '..' ? undefined : visible(join(folder, path));
  };
}

async function storeAll({ session, system, run, sides, store, storeFailure }: Job): Promise<Told> {
  if (storeFailure) return failedBy(storeFailure);
  if (!run || !store) return skipped('there is no run');
  // This run comes last: the next one's changes are told since it.
  const runs = [sides?.before.run, sides?.now.run, run].filter((one) => one !== undefined);
  for (const one of runs) store.addRun(one);
  const says = `run ${run.id}${runs.length > 1 ? `, and ${count(runs.length - 1, 'run')} beside it` : ''}`;
  if (system.name === 'none' || run.git?.dirty !== true) return { verdict: 'passed', says };
  // A pipeline that leaves something in its clone would never find a baseline again, and not know why.
  const changed = await changedFiles(session);
  const some = `${changed.slice(0, 3).join(', ')}${changed.length > 3 ? ', …' : ''}`;
  return {
    ...{
      verdict: 'warned',
      says: `${says}; it is no baseline for others, since files differ from the commit: ${some}`,
    },
    findings: [
      {
        ...{ level: 'warning', kind: 'pipeline', title: 'this run is no baseline', file: null, line: null },
        message: `files differ from the commit, or are not in .gitignore: ${some}`,
      },
    ],
  };
}

async function documentOf(job: Job, { path }: CiFolder): Promise<CiDocument> {
  const { session, steps, findings, system, run, baseline, grew } = job;
  const git = await gitFacts(session.tree);
  const decided = decisive(steps);
  const shown = relative(session.tree, path);
  return {
    schema: 'synos.ci/1',
    startedAt: session.startedAt.toISOString(),
    durationMs: Date.now() - session.startedAt.getTime(),
    ...{ exit: decided?.exit ?? 0, decidedBy: decided?.name ?? null, system: system.name },
    ...{ commit: git?.commit ?? null, dirty: git?.dirty ?? false },
    ...{ steps, run: run?.id ?? null, baseline: baseline ?? null, grew, findings },
    folder: shown.startsWith('..') ? path : shown,
  };
}

async function tell({ flags, system }: Job, result: CiResult): Promise<void> {
  const { document } = result;
  if (flags.json) writeOut(stringifyExact(document));
  else if (!flags.quiet)
    writeOut(ciText(document, { columns: columnsOf(process.stdout), style: styleFor(process.stdout) }));
  system.annotate(document.findings);
  system.tell(result);
}
