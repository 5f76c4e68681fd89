// One boot that is profiled: what `synos profile` shows, and what a comparison of two revisions needs of each.
import { SynosError } from '../../core/failure.ts';
import { type Profile, readProfile } from '../../core/profile.ts';
import { loadPlugin, type Pipeline, pipeline } from '../plan/pipeline.ts';
import { type Booted, collectBoots } from './booted.ts';
import type { Flags } from './flags.ts';
import { type Executed, execute } from './run-here.ts';
import type { Session } from './session.ts';

export type ProfileWish = {
  /** A name of the session's configuration. */
  readonly machine: string;
  /** Words for the end of the kernel's command line. */
  readonly commandLine: string;
};

export type Profiled = Booted & {
  /** Undefined where the build failed, or QEMU was gone before it could be written. */
  readonly profile: Profile | undefined;
  readonly executed: Executed;
};

export async function profileStory(
  session: Session,
  { machine, commandLine }: ProfileWish,
): Promise<Pipeline> {
  const plugin = await loadPlugin('profile');
  return pipeline(session, {
    targets: [],
    boots: { machines: [machine], exact: true, runs: 1, commandLine, plugin },
  });
}

/**
 * Builds the session's tree and boots it once, exactly. What went wrong is in `failures`, also beside a profile: a guest that hangs or
 * panics has one of what it did until then. Throws SynosError as a plan does.
 */
export async function bootProfile(session: Session, flags: Flags, wish: ProfileWish): Promise<Profiled> {
  const story = await profileStory(session, wish);
  const executed = await execute(session, flags, story.plan);
  const booted = collectBoots(session, executed, story);
  const [boot] = story.boots;
  const stored = booted.boots[0]?.profile;
  const digest = boot?.profile && executed.digest(boot.profile);
  const profile = stored && digest ? readProfile(executed.runner.store.path(digest)) : undefined;
  return { ...booted, profile, executed };
}

/** Of a boot that went well. Throws SynosError with what went wrong, first of all. */
export function wholeProfile({ profile, failures }: Profiled, machine: string): Profile {
  const [failure] = failures;
  if (failure) throw new SynosError(failure);
  if (profile) return profile;
  throw new SynosError({
    code: 'artefact.invalid',
    what: `the profile of ${machine}`,
    reason: 'QEMU was gone before it was written',
    next: 'run again; if it stays, report it',
  });
}
