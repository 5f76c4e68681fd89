// `synos boot`: builds what is stale, boots machines side by side, harvests their records; the run is stored, judged and shown.
import { join, relative } from 'node:path';
import { stringifyExact } from '../../core/json-exact.ts';
import { loadPlugin, matrixOf, pipeline, type Traces, type Wanted } from '../plan/pipeline.ts';
import { gitFacts, hostFacts } from '../results/provenance.ts';
import { makeRun, type RunFacts, type StoredRun } from '../results/run.ts';
import type { EarlierBoot } from '../results/store.ts';
import { writeErr, writeOut } from '../ui/output.ts';
import { aidsOf } from './aids.ts';
import { type Booted, collectBoots } from './booted.ts';
import { type Options, showPlan } from './build.ts';
import { endWith, exitOf } from './exit.ts';
import type { Flags } from './flags.ts';
import { type Executed, execute } from './run-here.ts';
import { cacheOf, openSession, type Session } from './session.ts';
import { printRun, writePage } from './show-run.ts';
import { version } from './version.ts';

const words = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

export async function boot(flags: Flags, args: readonly string[], options: Options): Promise<number> {
  const watching = options['watch'] === true;
  const aids = aidsOf(flags, args, options);
  const session = await openSession(flags, 'boot', version(), {
    serial: options['follow'] === true,
    plain: watching || aids?.gdb === true || aids?.console === true,
    ...(aids?.console ? { reader: (await import('./console.ts')).consoleReader() } : {}),
  });
  const wanted = await wantedOf(session, flags, args, options, aids);
  if (watching && !flags.dryRun) return (await import('./watch.ts')).watchBoots(session, flags, wanted);
  const matrix = matrixIn(session, args, options);
  for (const { name, reason } of matrix?.skipped ?? [])
    session.emit({ type: 'warning', message: `${name} is left out: ${reason}` });
  const story = pipeline(session, wanted(session));
  if (flags.dryRun) return showPlan(flags, story.plan);
  const setBack = spareTheGuest();
  try {
    // Asked while the guests run: it costs a process.
    const git = gitFacts(session.tree);
    const executed = await execute(session, flags, story.plan);
    const booted = collectBoots(session, executed, story);
    await session.close();
    if (booted.boots.length === 0) return endWith(booted.failures, flags.json);
    const run = runOf(session, executed, {
      ...{ ...booted, git: await git },
      ...(matrix ? { matrix: { name: matrix.name, skipped: matrix.skipped } } : {}),
    });
    if (!flags.quiet) tellFiles(booted);
    await keepRun(session, flags, run, {
      page: options['report'] !== false,
      show: printRun,
    });
    return endWith(booted.failures, false);
  } finally {
    setBack();
    await session.close();
  }
}

// V8 spends CPU time in other threads, beside a guest that is being timed, for a process that soon ends: it tidies a heap up that was quiet for
// 8 seconds (25 to 40 ms, by incremental marking; without that it still collects where memory runs short, in one step), and optimizes functions
// that have done most of their work (10 ms; what really is hot is optimized a little later).
const spared = ['--no-incremental-marking', '--invocation-count-for-maglev=8000'];
const usual = ['--incremental-marking', '--invocation-count-for-maglev=400'];

// The flags are set back in the end: code that is kept for the next start counts for the flags of its time only.
function spareTheGuest(): () => void {
  let set: ((flag: string) => void) | undefined;
  // The module that knows the flags costs 2 ms itself, which a quick boot is spared.
  const late = setTimeout(() => {
    set = process.getBuiltinModule('node:v8').setFlagsFromString;
    for (const flag of spared) set(flag);
  }, 300);
  return () => {
    clearTimeout(late);
    for (const flag of set ? usual : []) set?.(flag);
  };
}

/** The run as it is stored. */
export function runOf(
  session: Session,
  executed: Executed,
  facts: Pick<Booted, 'boots' | 'artefacts' | 'failures'> & Pick<RunFacts, 'git' | 'matrix'>,
): StoredRun {
  const { failures, ...rest } = facts;
  return makeRun({
    ...rest,
    command: ['synos', ...process.argv.slice(2)],
    synos: version(),
    startedAt: session.startedAt,
    durationMs: Date.now() - session.startedAt.getTime(),
    host: hostFacts(),
    tools: executed.tools(),
    results: executed.results.values(),
    exit: exitOf(failures),
  });
}

function tellFiles({ dumps, tapes }: Booted): void {
  for (const dump of dumps) writeErr(`memory dump: ${dump} (gdb KERNEL ${dump})`);
  for (const tape of tapes) writeErr(`recording: ${tape} (synos boot --replay ${tape})`);
}

// The traces are read once; the machines are the configuration's, which may change while it is watched.
async function wantedOf(
  session: Session,
  flags: Flags,
  args: readonly string[],
  options: Options,
  aids: ReturnType<typeof aidsOf>,
): Promise<(session: Session) => Wanted> {
  const traces = await tracesOf(session, words(options['trace']), flags.dryRun);
  const tape =
    aids?.tape === 'replay'
      ? (await import('./replay.ts')).placeTape(
          session,
          options['replay'],
          machinesOf(session, args),
          flags.dryRun,
        )
      : undefined;
  const plugin = aids?.budget == null ? undefined : await loadPlugin('budget');
  return (now) => ({
    targets: [],
    boots: {
      machines: machinesOf(now, args),
      cells: matrixIn(now, args, options)?.cells,
      exact: typeof options['exact'] === 'boolean' ? options['exact'] : undefined,
      runs: typeof options['runs'] === 'number' ? options['runs'] : 1,
      dump: options['dump'] === true,
      commandLine: typeof options['append'] === 'string' ? options['append'] : '',
      traces,
      aids,
      plugin,
      tape,
    },
  });
}

async function tracesOf(
  session: Session,
  files: readonly string[],
  dryRun: boolean,
): Promise<Traces | undefined> {
  if (files.length === 0) return undefined;
  const { placeTraces, readTraces } = await import('./traces.ts');
  return placeTraces(await readTraces(files), { tree: session.tree, cache: cacheOf(session.home) }, dryRun);
}

function matrixIn(session: Session, args: readonly string[], options: Options) {
  const name = options['matrix'];
  return typeof name === 'string' ? matrixOf(session.config, name, args) : undefined;
}

// Whether they exist is the plan's to say.
export function machinesOf(session: Session, names: readonly string[]): string[] {
  return names.length > 0 ? [...new Set(names)] : Object.keys(session.config.machines).slice(0, 1);
}

type Shown = {
  readonly page: boolean;
  /** In place of the run as JSON, and of what `show` prints. */
  readonly json?: string;
  show(run: StoredRun, earlier: readonly (EarlierBoot | undefined)[]): Promise<void>;
};

/** Stores the run, shows it, writes its page. */
export async function keepRun(
  session: Session,
  flags: Flags,
  made: StoredRun,
  { page, json, show }: Shown,
): Promise<void> {
  const { openStore } = await import('../results/store.ts');
  const store = await openStore(join(session.home, 'runs.sqlite'));
  try {
    const earlier = store.earlierBoots(made);
    const run = store.addRun(made);
    if (flags.json) writeOut(json ?? stringifyExact(run));
    else if (!flags.quiet) await show(run, earlier);
    if (page) {
      const file = join(session.out, 'report.html');
      await writePage(file, run, { earlier, store, tree: session.tree });
      if (!flags.quiet) writeErr(`report: ${relative(process.cwd(), file)}`);
    }
  } finally {
    store.close();
  }
}
