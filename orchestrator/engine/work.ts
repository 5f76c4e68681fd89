// Private folders for tasks that run, below .synos/work/<process>/. The name says which process owns them, so that what a killed one left
// behind can be told from what another one is using.
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { SynosError } from '../../core/failure.ts';

/** A folder of a process that cannot be asked (another container) counts as left behind after this time. */
const foreignAgeMs = 24 * 3_600_000;

export class WorkFolders {
  /** Outlives every run; there as soon as a work folder is. */
  readonly shared: string;
  private readonly root: string;
  private readonly own: string;
  private next = 0;
  private made = false;

  constructor(home: string) {
    this.shared = join(home, 'shared');
    this.root = join(home, 'work');
    this.own = join(this.root, ownName());
  }

  /** A new empty folder, its outputs to be written below `out`. Throws the file system's error. */
  make(): string {
    if (!this.made) for (const path of [this.own, this.shared]) makeFolder(path);
    this.made = true;
    const folder = join(this.own, String(this.next++));
    mkdirSync(folder);
    mkdirSync(join(folder, 'out'));
    return folder;
  }

  /** Removes a folder when whatever is due now has been started. */
  remove(folder: string): void {
    setImmediate(() => removeTree(folder));
  }

  /** Removes what dead processes left. True when another live process works here. */
  sweep(): boolean {
    let names: string[];
    try {
      names = readdirSync(this.root);
    } catch {
      return false; // nothing was ever built here
    }
    let others = false;
    for (const name of names) {
      const folder = join(this.root, name);
      if (folder === this.own) continue;
      if (isAlive(name, folder)) others = true;
      else removeTree(folder);
    }
    return others;
  }

  /** Removes the folder of this process. */
  close(): void {
    if (this.made) removeTree(this.own);
    this.made = false;
  }
}

/** Like mkdir -p. A file in the way is the user's to move, so it is told as what it is: SynosError path.unwritable. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    // Node says ENOENT of a recursive mkdir on a read-only file system; access(2) says why.
    if (code === 'ENOENT') accessSync(nearestThere(path), constants.W_OK);
    if (!['EEXIST', 'ENOTDIR', 'ELOOP'].includes(code)) throw error;
    throw new SynosError({ code: 'path.unwritable', path, reason: 'a file is in the way' }, { cause: error });
  }
}

function nearestThere(path: string): string {
  return existsSync(path) || path === dirname(path) ? path : nearestThere(dirname(path));
}

let instances = 0;

// The pid alone is no name: pids are used again, and containers count their own. With its start time and PID namespace it is one; the
// last number tells several engines in one process apart.
function ownName(): string {
  return `${namespace()}-${process.pid}-${startTime('self') ?? '0'}-${instances++}`;
}

function isAlive(name: string, folder: string): boolean {
  const [space, pid, start] = name.split('-');
  if (!space || !pid || !start || !/^\d+$/.test(pid)) return false;
  if (space === namespace()) return startTime(pid) === start;
  return Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0) < foreignAgeMs;
}

/** Clock ticks from boot to the start of a process, field 22 of proc_pid_stat(5). Undefined when there is no such process. */
function startTime(pid: string): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function namespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}

// A folder without write permission inside (an unpacked package) stops rm; a mount would be emptied by it, so it is never forced.
function removeTree(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 2 });
  } catch {
    // left for the next start, which sweeps again
  }
}
