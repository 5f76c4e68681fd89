// Files by their digest, under cache/objects. A file gets its name only when it is whole (rename), is read-only, and is looked at again
// before each use: one whose stamp is not the one that it had when it was stored is read again, and thrown away when it is not itself.
import {
  chmodSync,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { type Digest, digestOfFile } from '../../core/digest.ts';
import { SynosError } from '../../core/failure.ts';
import { digestNow, type Facts, look } from './facts.ts';

/** Files above this size are hashed piece by piece between other work. */
const largeBytes = 4 << 20;

export class Objects {
  private readonly folder: string;
  private readonly facts: Facts;
  private readonly boot = bootId();
  private readonly seen = new Set<Digest>();
  private readonly recheck: boolean;

  /** `recheck`: reads each object again at its first use, whatever its stamp says. */
  constructor(folder: string, facts: Facts, recheck: boolean) {
    this.folder = folder;
    this.facts = facts;
    this.recheck = recheck;
  }

  path(digest: Digest): string {
    return `${this.folder}/${digest.slice(0, 2)}/${digest.slice(2)}`;
  }

  /** Whether the object is there and whole. A damaged one is removed, so that it can be made again. */
  has(digest: Digest): boolean {
    if (this.seen.has(digest)) return true;
    const path = this.path(digest);
    const stat = look(path);
    if (!stat) return false;
    const trusted = !this.recheck && this.facts.recall(keyOf(digest), stat.stamp, this.boot) !== undefined;
    if (!trusted) {
      if (digestNow(path) !== digest) {
        rmSync(path, { force: true });
        return false;
      }
      this.facts.remember(keyOf(digest), stat.stamp, '', this.boot);
    }
    this.seen.add(digest);
    return true;
  }

  /** Bytes of an object that is there. */
  size(digest: Digest): number {
    return look(this.path(digest))?.size ?? 0;
  }

  /**
   * Takes a file in: it is moved, not copied, so it must lie on the same file system. Rejects with the file system's own error, or with
   * artefact.invalid for what is no regular file (a link would name something that may change later).
   */
  async put(file: string): Promise<{ digest: Digest; bytes: number }> {
    const stat = lstatSync(file);
    if (!stat.isFile())
      throw new SynosError({ code: 'artefact.invalid', what: file, reason: 'not a regular file' });
    const digest = stat.size > largeBytes ? await digestOfFile(file) : digestNow(file);
    const path = this.path(digest);
    if (this.has(digest)) return { digest, bytes: stat.size };
    chmodSync(file, 0o444);
    moveInto(file, path);
    const stored = look(path);
    if (stored) this.facts.remember(keyOf(digest), stored.stamp, '', this.boot);
    this.seen.add(digest);
    return { digest, bytes: stat.size };
  }

  /**
   * Puts an object under a name for people: a hard link where the file system can, else a copy; the name changes in one step.
   * False when the very file was there already.
   */
  place(digest: Digest, target: string): boolean {
    const path = this.path(digest);
    const from = lstatSync(path, { bigint: true });
    const to = lstatSync(target, { bigint: true, throwIfNoEntry: false });
    if (to && to.ino === from.ino && to.dev === from.dev) return false;
    if (to?.isFile() && to.size === from.size && this.facts.digest(`out:${target}`, target) === digest)
      return false;
    mkdirSync(dirname(target), { recursive: true });
    const fresh = `${target}.${process.pid}.part`;
    rmSync(fresh, { force: true });
    try {
      linkSync(path, fresh);
    } catch (error) {
      if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? ''))
        throw error;
      copyFileSync(path, fresh);
    }
    renameSync(fresh, target);
    // A new link changes the inode's ctime, and so the stamp.
    const stored = look(path);
    if (stored) this.facts.remember(keyOf(digest), stored.stamp, '', this.boot);
    return true;
  }
}

function moveInto(file: string, path: string): void {
  try {
    renameSync(file, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') mkdirSync(dirname(path), { recursive: true });
    else if (code === 'EISDIR') rmSync(path, { recursive: true });
    else throw error;
    renameSync(file, path);
  }
}

const keyOf = (digest: Digest): string => `object:${digest.slice(0, 32)}`;

// Stamps of objects count only within one boot of the machine: after a power cut a file may have its name, size and times but not its bytes,
// because nothing waits for the disk here.
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
  } catch {
    return 'unknown';
  }
}
