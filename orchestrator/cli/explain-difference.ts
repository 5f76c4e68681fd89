// Where two versions of one output differ, in words: entries of a root file system, files of an ISO, else places in the bytes.

import { mkdtempSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { failureOf } from '../../core/failure.ts';
import { explain } from '../../core/failure-table.ts';
import { visible } from '../../core/text.ts';
import { count } from '../../core/words.ts';
import {
  compareManifests,
  compareTrees,
  type Inspection,
  kindOf,
  partsOf,
  type TreeDifference,
  treeOfSquashfs,
} from '../../iso/inspect.ts';

/** One line a difference; never empty for files that differ. */
export async function explainDifference(
  name: string,
  before: string,
  now: string,
  { work, signal }: Inspection,
): Promise<string[]> {
  const apart = (): Inspection => ({ work: mkdtempSync(join(work, 'differs-')), signal });
  const kinds = [await kindOf(before), await kindOf(now)] as const;
  const rows: string[] = [];
  try {
    if (name === 'manifest') rows.push(...rowsOf(await compareManifests(before, now), name));
    else if (kinds.every((kind) => kind === 'squashfs'))
      rows.push(...(await differingEntries(name, before, now, apart)));
    else if (kinds.every((kind) => kind === 'iso')) rows.push(...(await differingParts(before, now, apart)));
  } catch (error) {
    if (signal.aborted) throw error;
    rows.push(`${visible(name)}: ${explain(failureOf(error)).message.split('\n', 1)[0]}`);
  }
  return rows.length > 0 && !rows.every((row) => row.includes(unreadable))
    ? rows
    : [...rows, ...(await places(name, before, now))];
}

/** How inspect.ts tells what is too damaged to be looked into. */
const unreadable = 'cannot read it';

async function differingEntries(
  name: string,
  before: string,
  now: string,
  apart: () => Inspection,
): Promise<string[]> {
  const trees = [await treeOfSquashfs(before, apart()), await treeOfSquashfs(now, apart())] as const;
  return rowsOf(compareTrees(...trees), name);
}

function rowsOf(differences: readonly TreeDifference[], where: string): string[] {
  return differences.map(({ path, what, expected, found }) =>
    expected === '' || found === ''
      ? `${where}: ${visible(path)} ${what} ${visible(expected || found)}`
      : `${where}: ${visible(path)} ${what} was ${visible(expected)}, is ${visible(found)}`,
  );
}

async function differingParts(before: string, now: string, apart: () => Inspection): Promise<string[]> {
  const [old, fresh] = [await partsOf(before, apart()), await partsOf(now, apart())];
  const gone = old.filter(({ path }) => !fresh.some((part) => part.path === path));
  const rows = gone.map(({ path }) => `${visible(path)} is gone`);
  for (const part of fresh) {
    const former = old.find(({ path }) => path === part.path);
    if (!former) rows.push(`${visible(part.path)} is new`);
    else if (former.sha256 !== part.sha256)
      rows.push(...(await explainDifference(part.path, former.file, part.file, apart())));
  }
  return rows;
}

const chunkBytes = 1 << 20;
const mostPlaces = 5;
const shownBytes = 8;

type Range = { readonly at: number; length: number; readonly was: string; readonly is: string };

/** The first places at which the bytes differ. */
async function places(name: string, before: string, now: string): Promise<string[]> {
  await using left = await open(before, 'r');
  await using right = await open(now, 'r');
  const sizes = [(await left.stat()).size, (await right.stat()).size] as const;
  const found = { ranges: [] as Range[], bytes: 0 };
  for (let at = 0; at < Math.min(...sizes); at += chunkBytes) {
    const [a, b] = [await chunk(left, at), await chunk(right, at)];
    if (!a.equals(b)) addRanges(found, a, b, at);
  }
  const head =
    sizes[0] === sizes[1]
      ? `${visible(name)}: ${count(found.bytes, 'byte differs', 'bytes differ')} of ${sizes[0]}`
      : `${visible(name)}: ${sizes[0]} bytes, now ${sizes[1]}`;
  const rows = found.ranges
    .slice(0, mostPlaces)
    .map(
      ({ at, length, was, is }) => `${visible(name)}: at ${at}, ${count(length, 'byte')}: ${was} is ${is}`,
    );
  return [head, ...rows];
}

// What lies close together is one place.
function addRanges(found: { ranges: Range[]; bytes: number }, a: Buffer, b: Buffer, at: number): void {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] === b[i]) continue;
    found.bytes++;
    const last = found.ranges.at(-1);
    if (last && at + i <= last.at + last.length + shownBytes) last.length = at + i - last.at + 1;
    else if (found.ranges.length <= mostPlaces)
      found.ranges.push({ at: at + i, length: 1, was: hexAt(a, i), is: hexAt(b, i) });
  }
}

async function chunk(file: FileHandle, at: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes, at);
  return buffer.subarray(0, bytesRead);
}

const hexAt = (bytes: Buffer, at: number): string => bytes.toString('hex', at, at + shownBytes);
