// The store of one project: remembered facts and recipes (journal), and the files that were made (objects).
import { join } from 'node:path';
import type { Digest } from '../../core/digest.ts';
import { collect } from './collect.ts';
import { Facts } from './facts.ts';
import { Journal } from './journal.ts';
import { Objects } from './objects.ts';
import { Recipes } from './recipes.ts';

export type StoreOptions = {
  /** Reads every object again instead of trusting its size and times. */
  readonly recheck?: boolean;
  /** Bytes of objects that are kept; the least recently made go first. */
  readonly keepBytes?: number;
};

const keepBytesDefault = 20 * 2 ** 30;

export class Store {
  readonly folder: string;
  readonly journal: Journal;
  readonly facts: Facts;
  readonly recipes: Recipes;
  readonly objects: Objects;
  private readonly keepBytes: number;

  /** `home` is the project's .synos; nothing is written before there is something to keep. */
  constructor(home: string, options: StoreOptions = {}) {
    this.folder = join(home, 'cache');
    this.journal = new Journal(this.folder);
    this.facts = new Facts(this.journal);
    this.recipes = new Recipes(this.journal);
    this.objects = new Objects(join(this.folder, 'objects'), this.facts, options.recheck ?? false);
    this.keepBytes = options.keepBytes ?? keepBytesDefault;
    this.refresh();
  }

  /** Absolute path of an object, to be read only. */
  path(digest: Digest): string {
    return this.objects.path(digest);
  }

  /** Puts an object under a name for people (a hard link where possible). False when it was there already. */
  place(digest: Digest, target: string): boolean {
    const changed = this.objects.place(digest, target);
    this.journal.flush();
    return changed;
  }

  /** Reads what was added since the last look, by whomever. True when there was something. */
  refresh(): boolean {
    const lines = this.journal.read();
    for (const line of lines) {
      if ('a' in line) this.recipes.learn(line);
      else if ('p' in line) this.recipes.learnSet(line);
      else this.facts.learn(line);
    }
    return lines.length > 0;
  }

  /** Writes what is new. Throws the file system's error. */
  flush(): void {
    this.journal.flush();
  }

  /** Drops what is beyond the limits; to be called only while no other process builds here. Keeps what these results name. */
  tidy(keep: ReadonlySet<Digest>): void {
    collect(this, { keepBytes: this.keepBytes, keep });
  }
}
