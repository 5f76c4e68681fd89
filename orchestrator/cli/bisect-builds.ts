// Builds of a bisection's commits: the one that is wanted now, and ahead of time those that may be wanted next, in what is left of the machine.
import { availableParallelism } from 'node:os';
import { type Built, buildCommit, type Lab } from './bisect-lab.ts';

export type Builds = {
  /** Rejects with the SynosError that stopped it. Its tree stays until `done`. */
  of(commit: string): Promise<Built>;
  /** Begins with these, and ends what was begun for others; how they went is told by `of`. */
  ahead(commits: readonly string[]): void;
  done(commit: string): void;
  /** Ends all that still runs. */
  close(): Promise<void>;
};

type Entry = { readonly built: Promise<Built>; readonly stop: AbortController; used: boolean };

export function openBuilds(lab: Lab): Builds {
  const entries = new Map<string, Entry>();
  const ending = new Set<Promise<unknown>>();

  function begin(commit: string, used: boolean, jobs: number | undefined): Entry {
    const stop = new AbortController();
    const signal = AbortSignal.any([lab.session.signal, stop.signal]);
    const built = buildCommit(lab, commit, signal, jobs);
    built.catch(() => {}); // told to whoever asks for it
    const entry = { built, stop, used };
    entries.set(commit, entry);
    return entry;
  }

  function end(commit: string, { built, stop }: Entry): void {
    entries.delete(commit);
    stop.abort();
    const ended = built.then(
      ({ tree }) => tree.give(),
      () => {},
    );
    ending.add(ended);
    void ended.then(() => ending.delete(ended));
  }

  return {
    of(commit) {
      const entry = entries.get(commit) ?? begin(commit, true, undefined);
      entry.used = true;
      return entry.built;
    },
    ahead(commits) {
      for (const [commit, entry] of entries) if (!entry.used && !commits.includes(commit)) end(commit, entry);
      const left = (lab.flags.jobs ?? availableParallelism()) - 1;
      const jobs = Math.max(1, Math.floor(left / Math.max(1, commits.length)));
      for (const commit of commits) if (!entries.has(commit)) begin(commit, false, jobs);
    },
    done(commit) {
      const entry = entries.get(commit);
      if (entry) end(commit, entry);
    },
    async close() {
      for (const [commit, entry] of entries) end(commit, entry);
      await Promise.all(ending);
    },
  };
}
