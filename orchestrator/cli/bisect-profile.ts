// Where the instructions went that a commit changed: it and its parent boot once more each, with their instructions counted by function.
import { failureOf } from '../../core/failure.ts';
import { explain } from '../../core/failure-table.ts';
import type { Profile } from '../../core/profile.ts';
import { profileDifference } from '../results/profile/difference.ts';
import type { Change } from './bisect-changes.ts';
import { isFatal } from './bisect-lab.ts';
import type { Hunt } from './bisect-search.ts';
import type { ProfiledChange } from './bisect-state.ts';
import { bootProfile, wholeProfile } from './profile-boot.ts';

/** Null where one of them cannot be profiled, which is said and stops nothing. */
export async function profileAround(hunt: Hunt, { commit, parent }: Change): Promise<ProfiledChange | null> {
  const known = hunt.bench.profile;
  if (!parent) return null;
  if (known?.from === parent.commit && known.to === commit.commit) return known;
  hunt.progress.say('profile the commit and its parent boot once more each (--no-profile leaves this out)');
  try {
    const before = await profileOf(hunt, parent.commit);
    const now = await profileOf(hunt, commit.commit);
    return { from: parent.commit, to: commit.commit, difference: profileDifference(before, now) };
  } catch (error) {
    if (isFatal(error)) throw error;
    hunt.progress.say(`no profile: ${explain(failureOf(error)).message}`);
    return null;
  }
}

async function profileOf({ bench }: Hunt, commit: string): Promise<Profile> {
  const { flags, question } = bench.lab;
  const { machine, commandLine } = question;
  try {
    const { session } = await bench.builds.of(commit);
    return wholeProfile(await bootProfile(session, flags, { machine, commandLine }), machine);
  } finally {
    bench.builds.done(commit);
  }
}
