// `synos profile`: boots one machine exactly, with its instructions counted by call stack; shows where they went, or what differs from
// another revision, and writes it for other tools.
import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Failure } from '../../core/failure.ts';
import { SynosError } from '../../core/failure.ts';
import { type Profile, readProfile } from '../../core/profile.ts';
import { type ProfileDifference, profileDifference } from '../results/profile/difference.ts';
import { functionRows } from '../results/profile/functions.ts';
import { narrowed, type Selected, selectFunctions } from '../results/profile/narrow.ts';
import { gitFacts, hostFacts } from '../results/provenance.ts';
import { makeRun, type StoredRun } from '../results/run.ts';
import { columnsOf, styleFor, writeErr, writeOut } from '../ui/output.ts';
import { referenceSide } from './bench-against.ts';
import { machinesOf } from './boot.ts';
import { type Options, showPlan } from './build.ts';
import { endWith, exitOf } from './exit.ts';
import type { Flags } from './flags.ts';
import { bootProfile, type Profiled, type ProfileWish, profileStory, wholeProfile } from './profile-boot.ts';
import { type Export, exportOf, writeExport } from './profile-export.ts';
import { openReference } from './reference.ts';
import { openSession, type Session } from './session.ts';
import { writePage } from './show-run.ts';
import { version } from './version.ts';

const limitDefault = 20;

type Shown = {
  readonly profile: Profile;
  readonly before: Profile | undefined;
  readonly against: string | null;
  readonly selected: Selected | undefined;
  readonly difference: ProfileDifference | undefined;
};

export async function profile(flags: Flags, args: readonly string[], options: Options): Promise<number> {
  const wanted = exportOf(flags, options);
  const against = typeof options['against'] === 'string' ? options['against'] : undefined;
  const session = await openSession(flags, 'profile', version());
  const wish = wishOf(session, options);
  checkNoMachine(session, args[0]);
  if (flags.dryRun) return showPlan(flags, (await profileStory(session, wish)).plan);
  try {
    const git = gitFacts(session.tree);
    const before = against === undefined ? undefined : await profileBefore(session, flags, wish, against);
    const booted = await bootProfile(session, flags, wish);
    await session.close();
    if (booted.boots.length === 0) return endWith(booted.failures, flags.json);
    const run = runOf(session, booted, await git);
    await store(session, flags, run, options['report'] !== false);
    const found = booted.profile ?? wholeProfile(booted, wish.machine);
    const shown = shownOf(found, { before, against: against ?? null, bench: args[0] });
    await tell(flags, run, shown, wanted, limitOf(options));
    return end(flags, run, booted.failures);
  } finally {
    await session.close();
  }
}

/** Other commands take machines where this one takes a benchmark; told before a whole boot. */
function checkNoMachine({ config }: Session, bench: string | undefined): void {
  if (bench === undefined || !Object.hasOwn(config.machines, bench)) return;
  throw new SynosError({
    code: 'usage',
    message: `${bench} is a machine, and \`synos profile\` takes a benchmark or a function`,
    hint: `say it as \`--machine ${bench}\``,
  });
}

const limitOf = (options: Options): number =>
  typeof options['limit'] === 'number' ? options['limit'] : limitDefault;

function wishOf(session: Session, options: Options): ProfileWish {
  const { machine, append } = options;
  return {
    machine: machinesOf(session, typeof machine === 'string' ? [machine] : [])[0] ?? '',
    commandLine: typeof append === 'string' ? append : '',
  };
}

/** Of a file, where there is one of this name, else of a revision, which is built and booted first. */
async function profileBefore(
  session: Session,
  flags: Flags,
  wish: ProfileWish,
  against: string,
): Promise<Profile> {
  const file = resolve(flags.directory, against);
  if (existsSync(file) || /\.json$/.test(against)) return readProfile(file);
  const reference = await openReference(session, against);
  try {
    const side = await referenceSide(session, flags, reference);
    return wholeProfile(await bootProfile(side.session, flags, wish), `${wish.machine} at ${reference.name}`);
  } finally {
    await reference.close();
  }
}

function runOf(session: Session, booted: Profiled, git: StoredRun['git']): StoredRun {
  return makeRun({
    command: ['synos', ...process.argv.slice(2)],
    synos: version(),
    startedAt: session.startedAt,
    durationMs: Date.now() - session.startedAt.getTime(),
    git,
    host: hostFacts(),
    artefacts: booted.artefacts,
    tools: booted.executed.tools(),
    boots: booted.boots,
    results: booted.executed.results.values(),
    exit: exitOf(booted.failures),
  });
}

// The same run as without a profile, to the last count: it belongs to the history, and the page draws its profile.
async function store(session: Session, flags: Flags, run: StoredRun, page: boolean): Promise<void> {
  const { openStore } = await import('../results/store.ts');
  const opened = await openStore(join(session.home, 'runs.sqlite'));
  try {
    const earlier = opened.earlierBoots(run);
    opened.addRun(run);
    if (!page) return;
    const file = join(session.out, 'report.html');
    await writePage(file, run, { earlier, store: opened, tree: session.tree });
    if (!flags.quiet) writeErr(`report: ${relative(process.cwd(), file)}`);
  } finally {
    opened.close();
  }
}

function shownOf(
  whole: Profile,
  {
    before,
    against,
    bench,
  }: { before: Profile | undefined; against: string | null; bench: string | undefined },
): Shown {
  const selected = bench === undefined ? undefined : selectFunctions(whole, bench);
  const now = selected ? narrowed(whole, selected.functions) : whole;
  const was = before && bench !== undefined ? narrowedLike(before, bench) : before;
  return {
    profile: now,
    before: was,
    against,
    selected,
    difference: was && profileDifference(was, now),
  };
}

// What an older revision did not have is new.
function narrowedLike(before: Profile, bench: string): Profile {
  try {
    return narrowed(before, selectFunctions(before, bench).functions);
  } catch (error) {
    if (error instanceof SynosError) return narrowed(before, new Set());
    throw error;
  }
}

async function tell(
  flags: Flags,
  run: StoredRun,
  shown: Shown,
  wanted: Export | undefined,
  limit: number,
): Promise<void> {
  if (wanted) await writeExport(wanted, shown.profile, shown.before);
  if (wanted?.file !== undefined && !flags.quiet)
    writeErr(`${wanted.format}: ${relative(process.cwd(), wanted.file)}`);
  if (flags.json) return writeOut(JSON.stringify(documentOf(run, shown, wanted)));
  if (wanted && wanted.file === undefined) return;
  if (flags.quiet) return;
  const { differenceTexts, profileTexts } = await import('../results/profile/text.ts');
  const { headText } = await import('../results/profile/head-text.ts');
  const view = { columns: columnsOf(process.stdout), style: styleFor(process.stdout), limit };
  writeOut(headText(run, shown, view));
  writeOut(shown.difference ? differenceTexts(shown.difference, view) : profileTexts(shown.profile, view));
}

function documentOf(
  run: StoredRun,
  { profile, selected, against, difference }: Shown,
  wanted: Export | undefined,
) {
  const [boot] = run.boots;
  return {
    schema: 'synos.profile-view/1',
    run: run.id,
    machine: profile.machine,
    end: boot?.end ?? null,
    reason: boot?.reason ?? '',
    selected: selected?.names ?? null,
    total: profile.total,
    functions: functionRows(profile),
    against,
    difference: difference ?? null,
    file: boot?.profile?.path ?? null,
    written: wanted?.file ?? null,
    notes: profile.notes,
  };
}

// A profile stands also where the guest went wrong: the document is it, and the failures are words.
function end(flags: Flags, run: StoredRun, failures: readonly Failure[]): number {
  if (failures.length === 0 && !flags.quiet && !flags.json)
    writeErr(`${run.boots[0]?.machine}: ${run.verdict.reason}`);
  return endWith(failures, false);
}
