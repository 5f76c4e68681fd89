// The copy of the project that other people's builds run on. Real copies (shared blocks where the file system can), never links: whatever a
// build writes, it writes into its own.
import {
  chmodSync,
  constants,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { ActionContext } from '../../core/action.ts';
import { inside } from '../../core/path.ts';

export type CopyOf = {
  readonly executable: ReadonlySet<string>;
  readonly links: { readonly [path: string]: string };
};

/** A build folder: the copy, and what it was copied from. */
export type Workplace = {
  readonly folder: string;
  readonly copy: string;
};

/** By path: the source and the copy as they were when the one was made from the other. */
type Manifest = { [path: string]: { from: string; here: string } };

const manifestOf = ({ folder }: Workplace): string => join(folder, 'manifest.json');
/** Files between two looks at whether the user has stopped it. */
const stretch = 200;

/**
 * An empty one, or the one that an earlier build left under this key. It is taken away from there for as long as it is worked on: a run that is
 * killed takes it with it, two runs at once never share it.
 */
export function openWorkplace(context: ActionContext, kept: string | undefined): Workplace {
  const folder = join(context.work, 'build');
  if (kept !== undefined) {
    try {
      renameSync(kept, folder);
    } catch {
      // there is none, or another run has it
    }
  }
  const copy = join(folder, 'tree');
  mkdirSync(copy, { recursive: true });
  return { folder, copy };
}

/** Leaves it for the next build, in place of what another run may have left meanwhile. */
export function leaveWorkplace({ folder }: Workplace, kept: string): void {
  mkdirSync(dirname(kept), { recursive: true });
  try {
    renameSync(kept, `${folder}.old`);
  } catch {
    // there is none
  }
  try {
    renameSync(folder, kept);
  } catch {
    // one was left in this moment: it is as good
  }
}

/**
 * Makes the copy what the project is now. Files keep their times, so that make sees what it would see there; over an earlier build a file that
 * changed gets the time of now, since it may be older than what was made from its predecessor.
 */
export async function copyProject(context: ActionContext, place: Workplace, what: CopyOf): Promise<void> {
  const before = readManifest(place);
  const after: Manifest = {};
  const paths = Object.keys(context.task.inputs);
  for (const path of Object.keys(before ?? {}))
    if (context.task.inputs[path] === undefined && what.links[path] === undefined)
      rmSync(inside(place.copy, path), { recursive: true, force: true });
  const folders = new Set<string>();
  for (const [index, path] of paths.entries()) {
    if (index % stretch === 0) await turn();
    context.signal.throwIfAborted();
    makeFolders(place.copy, dirname(path), folders);
    const source = context.input(path);
    const target = inside(place.copy, path);
    const mode = what.executable.has(path) ? 0o755 : 0o644;
    const from = `${stampOf(source)} ${mode}`;
    const known = before?.[path];
    if (known === undefined || known.from !== from || known.here !== stampOf(target))
      copyFile({ source, target, mode, again: before !== undefined });
    after[path] = { from, here: stampOf(target) };
  }
  for (const [path, says] of Object.entries(what.links)) {
    makeFolders(place.copy, dirname(path), folders);
    placeLink(inside(place.copy, path), says);
    after[path] = { from: says, here: '' };
  }
  writeFileSync(manifestOf(place), JSON.stringify(after));
}

function readManifest(place: Workplace): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(manifestOf(place), 'utf8')) as Manifest;
  } catch {
    return undefined; // nothing was built here yet
  }
}

type Copy = { source: string; target: string; mode: number; again: boolean };

function copyFile({ source, target, mode, again }: Copy): void {
  const there = lstatSync(target, { throwIfNoEntry: false });
  if (again && there?.isFile() && sameContent(source, target, there.size)) {
    if ((there.mode & 0o777) !== mode) chmodSync(target, mode);
    return;
  }
  if (there) rmSync(target, { recursive: true, force: true });
  copyFileSync(source, target, constants.COPYFILE_FICLONE);
  chmodSync(target, mode);
  const { atime, mtime } = lstatSync(source);
  if (!again) utimesSync(target, atime, mtime);
}

function placeLink(target: string, says: string): void {
  const there = lstatSync(target, { throwIfNoEntry: false });
  if (there?.isSymbolicLink() && readlinkSync(target) === says) return;
  if (there) rmSync(target, { recursive: true, force: true });
  symlinkSync(says, target);
}

// An earlier build may have put a file where a folder is to be, or a link that leads out of the copy.
function makeFolders(root: string, folder: string, known: Set<string>): void {
  if (folder === '.' || known.has(folder)) return;
  makeFolders(root, dirname(folder), known);
  const path = inside(root, folder);
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there && !there.isDirectory()) rmSync(path, { force: true });
  if (!there?.isDirectory()) mkdirSync(path);
  known.add(folder);
}

function sameContent(a: string, b: string, size: number): boolean {
  return lstatSync(a).size === size && readFileSync(a).equals(readFileSync(b));
}

function stampOf(path: string): string {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stat ? `${stat.size} ${stat.mtimeNs} ${stat.ctimeNs} ${stat.ino} ${stat.mode}` : '';
}
