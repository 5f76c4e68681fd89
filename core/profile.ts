// Where a guest's instructions went: a call tree with counts, read back from files that nobody vouches for.
import { readFileSync, statSync } from 'node:fs';
import { SynosError } from './failure.ts';
import { isObject } from './json.ts';
import { visible } from './text.ts';

type ProfileFunction = {
  /** Escaped. */
  readonly name: string;
  /** Where it begins in its source; null where that is not known. */
  readonly file: string | null;
  readonly line: number | null;
};

type ProfileNode = {
  /** Index into the functions; -1 for the root. */
  readonly function: number;
  /** Index of its parent, which stands before it; -1 for the root. */
  readonly parent: number;
  /** Instructions of its own. */
  readonly self: number;
  /** Times that it was entered from this parent. */
  readonly calls: number;
};

/** Node 0 is the root. */
export type Profile = {
  readonly schema: 'synos.profile/1';
  readonly machine: string;
  readonly unit: 'instructions';
  /** Of all nodes' own counts. */
  readonly total: number;
  readonly functions: readonly ProfileFunction[];
  readonly nodes: readonly ProfileNode[];
  /** The kernel's benchmarks by `suite/name`, where its file names them; null for one that was not run. */
  readonly benchmarks?: readonly { readonly name: string; readonly function: number | null }[];
  /** What it cannot see, in sentences for people. */
  readonly notes: readonly string[];
};

const mostBytes = 256 << 20;
const longestText = 2000;

/** Reads a profile's file. Throws SynosError input.missing, or store.damaged for one that is no profile or contradicts itself. */
export function readProfile(path: string): Profile {
  let text: string;
  try {
    const size = statSync(path).size;
    if (size > mostBytes) throw damaged(path, `${size} bytes are no profile`);
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new SynosError({ code: 'input.missing', path, neededBy: 'what shows the profile' });
    throw error;
  }
  return parseProfile(text, path);
}

/** `path` is for the message. Throws SynosError store.damaged. */
export function parseProfile(text: string, path: string): Profile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged(path, 'it is not JSON, or was cut off');
  }
  const wrong = defectOf(value);
  if (wrong !== undefined) throw damaged(path, wrong);
  return value as Profile; // each field was checked
}

const damaged = (path: string, reason: string): SynosError =>
  new SynosError({ code: 'store.damaged', path, reason });

// What went through the escaper once comes out of it unchanged.
const isText = (value: unknown): boolean =>
  typeof value === 'string' && value.length <= longestText && visible(value) === value;
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** What is wrong with it; undefined for a profile. */
function defectOf(value: unknown): string | undefined {
  if (!isObject(value) || value['schema'] !== 'synos.profile/1') return 'it is not a profile of this version';
  const { machine, unit, total, functions, nodes, notes } = value;
  if (!isText(machine) || unit !== 'instructions' || !isCount(total)) return 'its head is not a profile’s';
  if (!Array.isArray(notes) || !notes.every(isText)) return 'its notes are not text';
  if (!Array.isArray(functions) || !functions.every(isFunction))
    return 'a function has no name or a wrong place';
  const { benchmarks = [] } = value;
  if (!Array.isArray(benchmarks) || !benchmarks.every((one) => isBenchmark(one, functions.length)))
    return 'a benchmark names a function that is not there';
  return Array.isArray(nodes) ? nodesDefect(nodes, functions.length, total) : 'it has no nodes';
}

function isBenchmark(value: unknown, functions: number): boolean {
  if (!isObject(value)) return false;
  const { name, function: at } = value;
  return isText(name) && (at === null || isIndex(at, functions));
}

function isFunction(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { name, file, line } = value;
  return isText(name) && (file === null || isText(file)) && (line === null || isCount(line));
}

function nodesDefect(nodes: readonly unknown[], functions: number, total: number): string | undefined {
  let sum = 0;
  for (const [index, node] of nodes.entries()) {
    if (!isObject(node)) return `node ${index} has no counts`;
    const { self, calls, parent, function: at } = node;
    if (!isCount(self) || !isCount(calls)) return `node ${index} has no counts`;
    const isPlaced =
      index === 0 ? parent === -1 && at === -1 : isIndex(parent, index) && isIndex(at, functions);
    if (!isPlaced) return `node ${index} names a parent or a function that is not there`;
    sum += self;
  }
  if (nodes.length === 0) return 'it has no nodes';
  return sum === total ? undefined : `its nodes add up to ${sum} instructions, not ${total}`;
}

const isIndex = (value: unknown, end: number): boolean => isCount(value) && value < end;
