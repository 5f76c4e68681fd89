// `synos bisect METRIC --good REV --bad REV`: the commit that changed a metric, or with --verdict the first whose boot does not pass.
import { join } from 'node:path';
import { digestOf } from '../../core/digest.ts';
import { SynosError } from '../../core/failure.ts';
import { stringifyExact } from '../../core/json-exact.ts';
import { checkWithFolder, writeWithFolder } from '../../core/out-file.ts';
import { visibleUpTo } from '../../core/text.ts';
import { count } from '../../core/words.ts';
import { nextStep, stepsFor } from '../results/bisect.ts';
import type { BisectDocument } from '../results/bisect-document.ts';
import { gitFacts } from '../results/provenance.ts';
import { openStore } from '../results/store.ts';
import { columnsOf, styleFor, writeErr, writeOut } from '../ui/output.ts';
import { openBuilds } from './bisect-builds.ts';
import { isFatal, type Lab } from './bisect-lab.ts';
import type { Bench } from './bisect-measure.ts';
import { openProgress, type Progress } from './bisect-progress.ts';
import { type Question, questionOf } from './bisect-question.ts';
import { hasSubmodules, isShallow, type Range, rangeBetween } from './bisect-range.ts';
import { resultOf } from './bisect-result.ts';
import { type Hunt, hunt as search } from './bisect-search.ts';
import { isBusy, isSame, readState, removeState, type State, writeState } from './bisect-state.ts';
import { openTrees } from './bisect-trees.ts';
import type { Options } from './build.ts';
import { endWith } from './exit.ts';
import type { Flags } from './flags.ts';
import { inRepository } from './reference.ts';
import { configured, homeOf, openSession, type Session } from './session.ts';
import { version } from './version.ts';

export async function bisect(given: Flags, args: readonly string[], options: Options): Promise<number> {
  if (options['reset'] === true) return reset(given);
  const { flags, before } = await begun(given, args, options);
  // Its own lines, one a commit, stand for those of all builds and boots.
  const session = await openSession({ ...flags, quiet: !flags.verbose }, 'bisect', version());
  try {
    await inRepository(session, 'run `git init` and commit');
    const resumed = options['continue'] === true ? before : undefined;
    const question = resumed?.question ?? questionOf(session, args, options);
    const names = resumed ?? question;
    const range = await rangeBetween(session, names, question.firstParent);
    if (flags.dryRun) return showRange(flags, question, range);
    if (typeof options['log'] === 'string') checkWithFolder(options['log']);
    const state = startState(session, flags, question, range, before);
    const result = await run(session, flags, state, range);
    await session.close();
    return await tell(result, flags, options['log']);
  } finally {
    await session.close();
  }
}

async function reset(flags: Flags): Promise<number> {
  const home = homeOf((await configured(flags)).tree);
  const state = readable(home);
  if (state && isBusy(state)) throw busy(state);
  const was = removeState(home);
  if (!flags.quiet)
    writeErr(was ? 'what was found out is forgotten; stored runs stay' : 'no bisection was begun');
  return 0;
}

function readable(home: string): State | undefined {
  try {
    return readState(home);
  } catch {
    return undefined; // damaged: it goes all the same
  }
}

/** The state of an earlier command, and with --continue its configuration. */
async function begun(
  flags: Flags,
  args: readonly string[],
  options: Options,
): Promise<{ flags: Flags; before: State | undefined }> {
  const before = readState(homeOf((await configured(flags)).tree));
  if (before && isBusy(before)) throw busy(before);
  if (options['continue'] !== true) return { flags, before };
  if (!before)
    throw new SynosError({
      code: 'usage',
      message: 'there is no bisection to go on with',
      hint: 'begin one: synos bisect METRIC --good REV --bad REV',
    });
  if (args.length > 0 || options['good'] !== undefined || options['bad'] !== undefined)
    throw new SynosError({
      code: 'usage',
      message: '--continue goes on with what was asked, and takes no other question',
      hint: 'leave out the metric, --good and --bad, or begin anew after `synos bisect --reset`',
    });
  const { configFile, set } = before;
  return { flags: { ...flags, ...(configFile === null ? {} : { configFile }), set }, before };
}

const busy = ({ process: pid }: State): SynosError =>
  new SynosError({
    code: 'usage',
    message: `a bisection runs here already (process ${pid})`,
    hint: 'wait for it, or stop it and go on with `synos bisect --continue`',
  });

function startState(
  { config }: Session,
  flags: Flags,
  question: Question,
  range: Range,
  before: State | undefined,
): State {
  const described = [config.machines[question.machine] ?? null, config.kernel];

  const fresh: State = {
    ...{ schema: 'synos.bisect-state/1', question, good: range.good, bad: range.bad },
    ...{ configFile: flags.configFile ?? null, set: flags.set },
    description: digestOf(JSON.stringify(described)),
    ...{ series: null, profile: null, tests: [], done: false, process: process.pid },
  };
  if (!before) return fresh;
  if (isSame(before, fresh)) {
    // Of another machine nothing is known, but by stored boots.
    const known = before.description === fresh.description;
    return known ? { ...fresh, series: before.series, profile: before.profile, tests: before.tests } : fresh;
  }
  if (before.done) return fresh;
  const { metric, good, bad } = before.question;
  throw new SynosError({
    code: 'usage',
    message: visibleUpTo(
      `another bisection is not at its end: ${metric ? metric.join(' ') : '--verdict'}, good ${good}, bad ${bad}`,
      500,
    ),
    hint: 'go on with `synos bisect --continue`, or forget it with `synos bisect --reset`',
  });
}

async function run(session: Session, flags: Flags, state: State, range: Range): Promise<BisectDocument> {
  const progress = openProgress(flags.quiet);
  const store = await openStore(join(session.home, 'runs.sqlite'));
  try {
    const trees = await openTrees(session);
    const lab: Lab = { session, flags, question: state.question, trees, store, tell: once(progress.say) };
    const builds = openBuilds(lab);
    try {
      await tellStart(lab, state, range, progress);
      return await searched(
        { lab, builds, series: state.series, profile: state.profile, onBoot: () => {} },
        state,
        range,
        progress,
      );
    } finally {
      progress.close();
      await builds.close();
      await trees.close();
    }
  } finally {
    store.close();
  }
}

async function searched(
  bench: Bench,
  state: State,
  range: Range,
  progress: Progress,
): Promise<BisectDocument> {
  const known = new Map(state.tests.map((tested) => [tested.commit, tested]));
  const keep = (done = false): void =>
    writeState(bench.lab.session.home, {
      ...state,
      series: bench.series,
      tests: [...known.values()],
      profile: bench.profile,
      done,
    });
  keep();
  const hunt: Hunt = { bench, range, progress, known, keep };
  try {
    const result = await resultOf(hunt, await search(hunt));
    keep(true);
    return result;
  } catch (error) {
    // What another question must answer is at its end; what stopped from outside goes on later.
    if (!isFatal(error)) keep(true);
    throw error;
  }
}

function once(say: (line: string) => void): (line: string) => void {
  const said = new Set<string>();
  return (line) => {
    if (!said.has(line)) say(line);
    said.add(line);
  };
}

async function tellStart(
  lab: Lab,
  { question, tests }: State,
  range: Range,
  { say }: Progress,
): Promise<void> {
  const { session } = lab;
  const what = question.metric ? visibleUpTo(question.metric.join(' '), 200) : 'how the boot ends';
  const how = question.exact ? 'exact' : 'timed';
  say(
    `bisect  ${what} on ${question.machine} (${how}): ${count(range.commits.length, 'commit')} from ${range.good.slice(0, 12)} to ${range.bad.slice(0, 12)}`,
  );
  if (tests.length > 0) say(`goes on: ${count(tests.length, 'commit')} known already`);
  if ((await gitFacts(session.tree))?.dirty)
    say('commits are looked at as they are: the changes in your tree are not');
  if (await isShallow(session)) say('this is a shallow clone: what lies beyond its edge is not looked at');
  if (await hasSubmodules(session, range.bad)) say('submodules are not checked out');
  if (question.metric && !question.exact)
    say(`timed: up to ${2 * question.runs} boots a commit; with --exact one decides`);
}

function showRange({ json }: Flags, question: Question, range: Range): number {
  const step = nextStep(range, new Map());
  const [left, steps] = [range.commits.length, stepsFor(range.commits.length)];
  const next = step.kind === 'ask' ? step.commit : null;
  if (json)
    writeOut(
      JSON.stringify({
        schema: 'synos.bisect-plan/1',
        ...{ good: range.good, bad: range.bad },
        commits: left,
        steps,
        next,
      }),
    );
  else
    writeOut(
      `${count(left, 'commit')} from ${range.good.slice(0, 12)} to ${range.bad.slice(0, 12)}: the two ends, then about ${count(steps, 'step')}${next ? `, the first at ${next.slice(0, 12)}` : ''}; machine ${question.machine}, ${question.exact ? 'exact' : 'timed'}`,
    );
  return 0;
}

async function tell(result: BisectDocument, flags: Flags, log: unknown): Promise<number> {
  if (typeof log === 'string') writeWithFolder(log, `${result.log.join('\n')}\n`);
  if (flags.json) writeOut(stringifyExact(result));
  else if (!flags.quiet || !result.first) {
    const { bisectText } = await import('../results/bisect-text.ts');
    writeOut(bisectText(result, { columns: columnsOf(process.stdout), style: styleFor(process.stdout) }));
  }
  if (result.first) return 0;
  const reason = `only skipped commits are left: it is one of ${result.among.length}`;
  return endWith(
    [
      {
        code: 'bisect.stuck',
        reason,
        next: 'mend one of them on a branch, or narrow the range by --good and --bad',
      },
    ],
    false,
  );
}
