// What else than the kernel's source differs between two sides that are compared: it may be what somebody asks about, but never goes unsaid.
import { parseSeriesGroup, type StoredBoot, type StoredRun, seriesGroup } from './run.ts';

/** `before` and `now`: all that the boots of that side had, sorted; an empty text where nobody knows. */
export type Differing = {
  readonly what: 'compiler' | 'command line' | 'machine';
  readonly before: readonly string[];
  readonly now: readonly string[];
};

export type Setting = { readonly [what in Differing['what']]: string };

export function settingOf(boot: StoredBoot, run: Pick<StoredRun, 'host' | 'tools'>): Setting {
  const { compiler, commandLine, description } = parseSeriesGroup(seriesGroup(boot, run));
  return { compiler, 'command line': commandLine, machine: description };
}

const parts = ['compiler', 'command line', 'machine'] as const;

/** Nothing where nothing is known of one side. */
export function differing(before: readonly Setting[], now: readonly Setting[]): Differing[] {
  if (before.length === 0 || now.length === 0) return [];
  return parts
    .map((what) => ({ what, before: allOf(before, what), now: allOf(now, what) }))
    .filter((one) => JSON.stringify(one.before) !== JSON.stringify(one.now));
}

const allOf = (settings: readonly Setting[], what: Differing['what']): string[] =>
  [...new Set(settings.map((setting) => setting[what]))].sort();
