// What each run of an action made, by fingerprint, and which files such runs discovered, by first-level fingerprint (as ccache's manifests).
import { asDigest, type Digest, digestOf } from '../../core/digest.ts';
import type { Journal, Line } from './journal.ts';

export type RecipeLine = Extract<Line, { a: string }>;
export type SetLine = Extract<Line, { p: string }>;

/** How many sets of discovered files are tried for one first-level fingerprint, the newest first. */
const mostSets = 16;

export class Recipes {
  private readonly byFingerprint = new Map<string, RecipeLine>();
  /** Names of the sets that were discovered under a first-level fingerprint, the newest first. */
  private readonly setsOf = new Map<string, string[]>();
  private readonly sets = new Map<string, readonly string[]>();
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
    if (line.base === undefined || line.set === undefined) return;
    const others = (this.setsOf.get(line.base) ?? []).filter((name) => name !== line.set);
    this.setsOf.set(line.base, [line.set, ...others].slice(0, mostSets));
  }

  learnSet(line: SetLine): void {
    this.sets.set(line.p, line.paths);
  }

  /** `paths` are the files of the tree that the run read beyond its declared inputs, in order. */
  remember(line: RecipeLine, paths: readonly string[] = []): void {
    const whole = paths.length === 0 ? line : { ...line, set: this.nameSet(paths) };
    this.learn(whole);
    this.journal.add(whole);
  }

  private nameSet(paths: readonly string[]): string {
    const name = digestOf(paths.join('\n')).slice(0, 32);
    if (!this.sets.has(name)) {
      this.learnSet({ p: name, paths });
      this.journal.add({ p: name, paths });
    }
    return name;
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
    const names = this.setsOf.get(base) ?? [];
    return names.map((name) => this.sets.get(name)).filter((paths) => paths !== undefined);
  }

  /** Files that the run under this fingerprint read beyond its declared inputs. */
  readBy(fingerprint: Digest): readonly string[] {
    return this.sets.get(this.byFingerprint.get(fingerprint)?.set ?? '') ?? [];
  }

  /** How long the task of this id ran when it last ran, in milliseconds. */
  duration(id: string): number | undefined {
    return this.durations.get(id);
  }

  isEmpty(): boolean {
    return this.byFingerprint.size === 0;
  }

  /** The sets that these recipes name. */
  setLines(recipes: readonly RecipeLine[]): SetLine[] {
    const names = new Set(recipes.map(({ set }) => set));
    return [...this.sets].filter(([p]) => names.has(p)).map(([p, paths]) => ({ p, paths }));
  }

  /** How many of the journal's lines say something that no later line replaced. */
  get size(): number {
    return this.byFingerprint.size + this.sets.size;
  }

  /** The one used longest ago first. */
  lines(): RecipeLine[] {
    return [...this.byFingerprint.values()];
  }
}
