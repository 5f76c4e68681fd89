// `synos boot`: builds what is stale, boots machines side by side, harvests their records; the run is stored, judged and shown.
import { readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Failure } from '../../core/failure.ts';
import { parseExact, stringifyExact } from '../../core/json-exact.ts';
import type { BootOutcome } from '../../core/outcome.ts';
import { failureOfBoot } from '../../core/outcome-failure.ts';
import type { TaskOutput } from '../../core/task.ts';
import { type Boot, type Pipeline, pipeline, type Traces } from '../plan/pipeline.ts';
import { gitFacts, hostFacts } from '../results/provenance.ts';
import { makeRun, type StoredBoot, type StoredRun } from '../results/run.ts';
import { writeErr, writeOut } from '../ui/output.ts';
import { type Options, showPlan } from './build.ts';
import { endWith, exitOf } from './exit.ts';
import type { Flags } from './flags.ts';
import { type Executed, execute } from './run-here.ts';
import { cacheOf, failuresOf, openSession, type Session } from './session.ts';
import { printRun, writePage } from './show-run.ts';
import { version } from './version.ts';

const words = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

export async function boot(flags: Flags, args: readonly string[], options: Options): Promise<number> {
  const session = await openSession(flags, 'boot', version(), options['follow'] === true);
  const traces = await tracesOf(session, words(options['trace']), flags.dryRun);
  const story = pipeline(session, {
    targets: [],
    boots: {
      machines: machinesOf(session, args),
      exact: typeof options['exact'] === 'boolean' ? options['exact'] : undefined,
      runs: typeof options['runs'] === 'number' ? options['runs'] : 1,
      commandLine: typeof options['append'] === 'string' ? options['append'] : '',
      traces,
      dump: options['dump'] === true,
    },
  });
  if (flags.dryRun) return showPlan(flags, story.plan);
  try {
    // Asked while the guests run: it costs a process.
    const git = gitFacts(session.tree);
    const executed = await execute(session, flags, story.plan);
    const booted = collect(session, executed, story);
    await session.close();
    if (booted.boots.length === 0) return endWith(booted.failures, flags.json);
    const run = makeRun({
      command: ['synos', ...process.argv.slice(2)],
      synos: version(),
      startedAt: session.startedAt,
      durationMs: Date.now() - session.startedAt.getTime(),
      git: await git,
      host: hostFacts(),
      artefacts: booted.artefacts,
      tools: executed.tools(),
      boots: booted.boots,
      results: executed.results.values(),
      exit: exitOf(booted.failures),
    });
    if (!flags.quiet) for (const dump of booted.dumps) writeErr(`memory dump: ${dump} (gdb KERNEL ${dump})`);
    return await tell(session, flags, run, booted.failures, options['report'] !== false);
  } finally {
    await session.close();
  }
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

// Whether they exist is the plan's to say.
function machinesOf(session: Session, names: readonly string[]): string[] {
  return names.length > 0 ? [...new Set(names)] : Object.keys(session.config.machines).slice(0, 1);
}

type Booted = {
  boots: StoredBoot[];
  artefacts: StoredRun['artefacts'];
  failures: Failure[];
  /** Paths for people. */
  dumps: string[];
};

/** Outcomes out of the store, logs to where people look; failed tasks first, then guests that went wrong. */
function collect(session: Session, executed: Executed, story: Pipeline): Booted {
  const failures = failuresOf(executed.results);
  const boots: StoredBoot[] = [];
  const dumps: string[] = [];
  for (const one of story.boots) {
    const outcome = readOutcome(executed, one);
    if (!outcome) continue;
    const stem = stemOf(one, story.boots);
    const log = placeOutput(session, executed, one.log, join('logs', `${stem}.serial.log`));
    if (one.memory && sizeOf(executed, one.memory) > 0)
      dumps.push(placeOutput(session, executed, one.memory, join('dumps', `${stem}.elf`)));
    const failure = failureOfBoot(outcome, log);
    if (failure) failures.push(failure);
    boots.push({ ...outcome, log });
  }
  const artefacts = story.media.flatMap(({ name, output }) => {
    const digest = executed.digest(output);
    return digest ? [{ name, digest, bytes: statSync(executed.runner.store.path(digest)).size }] : [];
  });
  return { boots, artefacts, failures, dumps };
}

function readOutcome(executed: Executed, { outcome }: Boot): BootOutcome | undefined {
  const digest = executed.digest(outcome);
  return digest
    ? (parseExact(readFileSync(executed.runner.store.path(digest), 'utf8')) as BootOutcome)
    : undefined;
}

function stemOf({ machine, index }: Boot, all: readonly Boot[]): string {
  return all.filter((one) => one.machine === machine).length > 1 ? `${machine}-${index}` : machine;
}

function sizeOf(executed: Executed, output: TaskOutput): number {
  const digest = executed.digest(output);
  return digest ? statSync(executed.runner.store.path(digest)).size : 0;
}

function placeOutput(session: Session, executed: Executed, output: TaskOutput, path: string): string {
  const digest = executed.digest(output);
  if (digest) executed.place(digest, path);
  return relative(session.tree, join(session.out, path));
}

/** Stores the run, shows it, writes its page; the exit code is that of the first failure. */
async function tell(
  session: Session,
  flags: Flags,
  run: StoredRun,
  failures: readonly Failure[],
  page: boolean,
): Promise<number> {
  const { openStore } = await import('../results/store.ts');
  const store = await openStore(join(session.home, 'runs.sqlite'));
  try {
    const earlier = store.earlierBoots(run);
    store.addRun(run);
    if (flags.json) {
      writeOut(stringifyExact(run));
    } else if (!flags.quiet) {
      await printRun(run, earlier);
    }
    if (page) {
      const file = join(session.out, 'report.html');
      await writePage(file, run, earlier, store);
      if (!flags.quiet) writeErr(`report: ${relative(process.cwd(), file)}`);
    }
  } finally {
    store.close();
  }
  return endWith(failures, false);
}
