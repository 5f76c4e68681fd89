// What each run of an action made, by fingerprint, and which files such runs discovered, by first-level fingerprint (as ccache's manifests).
import { asDigest, type Digest } from '../../core/digest.ts';
import type { Journal, Line } from './journal.ts';

export type RecipeLine = Extract<Line, { a: string }>;

/** How many sets of discovered files are tried for one first-level fingerprint, the newest first. */
const mostSets = 16;

export class Recipes {
  private readonly byFingerprint = new Map<string, RecipeLine>();
  private readonly sets = new Map<string, (readonly string[])[]>();
  private readonly durations = new Map<string, number>();
  private readonly journal: Journal;

  constructor(journal: Journal) {
    this.journal = journal;
  }

  learn(line: RecipeLine): void {
    this.durations.set(line.id, line.ms);
    // Taken out first, so that the map's order is the order of last making.
    this.byFingerprint.delete(line.a);
    this.byFingerprint.set(line.a, line);
    if (line.base === undefined || !line.paths) return;
    const sets = this.sets.get(line.base) ?? [];
    const text = line.paths.join('\n');
    const others = sets.filter((set) => set.join('\n') !== text);
    this.sets.set(line.base, [line.paths, ...others].slice(0, mostSets));
  }

  remember(line: RecipeLine): void {
    this.learn(line);
    this.journal.add(line);
  }

  /**
   * What a run under this fingerprint made; undefined too for a line that is not what it should be. What is asked for counts as used
   * last, so that collect() drops it last.
   */
  get(fingerprint: Digest): { outputs: { [name: string]: Digest }; ms: number } | undefined {
    const line = this.byFingerprint.get(fingerprint);
    if (!line || line.hit === 0) return undefined;
    this.byFingerprint.delete(fingerprint);
    this.byFingerprint.set(fingerprint, line);
    const outputs: { [name: string]: Digest } = {};
    for (const [name, text] of Object.entries(line.out)) {
      const digest = asDigest(text);
      if (!digest) return undefined;
      outputs[name] = digest;
    }
    return { outputs, ms: line.ms };
  }

  /** Sets of files that runs with this first-level fingerprint read beyond their declared inputs. */
  discovered(base: Digest): readonly (readonly string[])[] {
    return this.sets.get(base) ?? [];
  }

  /** Files that the run under this fingerprint read beyond its declared inputs. */
  readBy(fingerprint: Digest): readonly string[] {
    return this.byFingerprint.get(fingerprint)?.paths ?? [];
  }

  /** How long the task of this id ran when it last ran, in milliseconds. */
  duration(id: string): number | undefined {
    return this.durations.get(id);
  }

  isEmpty(): boolean {
    return this.byFingerprint.size === 0;
  }

  /** The one used longest ago first. */
  lines(): RecipeLine[] {
    return [...this.byFingerprint.values()];
  }
}
