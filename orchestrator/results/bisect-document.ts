// What a bisection came to: what `synos bisect --json` prints, and its words for a terminal are made from.
import type { BootEnd } from '../../core/outcome.ts';
import type { BenchRecord, Quantity } from '../../core/record.ts';
import type { ComparedMetric } from './comparison.ts';
import type { ProfileDifference } from './profile/difference.ts';

export type Series = Pick<BenchRecord, 'suite' | 'name' | 'metric' | 'unit' | 'labels'> & {
  readonly key: string;
};

export type AboutCommit = {
  readonly commit: string;
  readonly author: string;
  /** ISO 8601, as the author's clock had it. */
  readonly date: string;
  readonly subject: string;
};

/** A commit that was looked at. */
export type BisectPoint = {
  readonly commit: string;
  /** Of the metric; null where it was not measured, and where the end of the boot was asked for. */
  readonly value: Quantity | null;
  readonly end: BootEnd | null;
  /** The stored run. */
  readonly run: string | null;
};

export type BisectedChange = AboutCommit &
  BisectPoint & {
    readonly parents: readonly BisectPoint[];
    /** From its parent, of several the first that has what the good end has; null where that was not measured. */
    readonly change: { readonly absolute: number; readonly ratio: number | null } | null;
  };

export type BisectDocument = {
  readonly schema: 'synos.bisect/1';
  /** Null: how the boot ends. */
  readonly metric: Series | null;
  readonly machine: string;
  readonly exact: boolean;
  readonly good: BisectPoint & { readonly name: string };
  readonly bad: BisectPoint & { readonly name: string };
  /** Of the range, the bad one included. */
  readonly commits: number;
  /** Of QEMU, by this bisection and what it goes on from. */
  readonly boots: number;
  /** Commits whose answer a stored run gave. */
  readonly stored: number;
  readonly skipped: readonly { readonly commit: string; readonly why: string }[];
  /** The commit, of several the one that changed most; null when only skipped ones are left. */
  readonly first: BisectedChange | null;
  /** Further commits that changed the metric. */
  readonly others: readonly BisectedChange[];
  /** Stretches in which it changed as well, by commits that are not named. */
  readonly open: readonly {
    readonly from: string;
    readonly to: string;
    readonly absolute: number;
    /** It was looked for, and only skipped commits lie there. */
    readonly skipped: boolean;
  }[];
  /** When only skipped commits are left: the culprit is one of these. */
  readonly among: readonly AboutCommit[];
  /** Exact: where the instructions went, from that parent to the commit; null where that was left out or could not be had. */
  readonly profile: ProfileDifference | null;
  /** All metrics that are not the same in the commit and that parent. */
  readonly metrics: readonly ComparedMetric[];
  /** The last serial lines of the commit's boot and how that ended, where that is what was asked for. */
  readonly seen: { readonly reason: string; readonly tail: readonly string[] } | null;
  /** As `git bisect log` prints it. */
  readonly log: readonly string[];
  /** Shows the change again. */
  readonly again: readonly string[];
};
