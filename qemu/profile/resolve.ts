// From what the plugin wrote to a profile: names and lines for addresses, and an order that is the same for equal trees.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ActionContext } from '../../core/action.ts';
import { find } from '../../core/exec.ts';
import type { Profile } from '../../core/profile.ts';
import { files } from '../files.ts';
import { linesOf } from '../last/lines.ts';
import type { BootSetup } from '../setup.ts';
import { functionRanges } from '../symbols.ts';
import { benchmarksOf } from './benchmarks.ts';
import { type Dump, parseDump } from './dump.ts';
import { beforeKey, outsideKey } from './source-image.ts';
import { mostDepth } from './source-tree.ts';

/** A Profile as JSON; '' where the plugin wrote none to its end. */
export async function profileText(
  setup: Pick<BootSetup, 'machine' | 'symbols'>,
  context: Pick<ActionContext, 'work' | 'tree' | 'start'>,
): Promise<string> {
  const dump = parseDump(textOf(join(context.work, files.observed)));
  if (!dump) return '';
  const namer = await namerOf(dump, setup.symbols, context);
  return `${JSON.stringify(profileOf(dump, setup, namer))}\n`;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // QEMU ended before the plugin was loaded
  }
}

type Function = Profile['functions'][number];
type Namer = {
  readonly tell: (key: bigint, unnamed: boolean) => Function;
  readonly named: boolean;
  readonly lined: boolean;
};

async function namerOf(
  { nodes }: Dump,
  symbols: string | undefined,
  { tree, start }: Pick<ActionContext, 'tree' | 'start'>,
): Promise<Namer> {
  const names = new Map(
    (symbols === undefined ? [] : functionRanges(symbols)).map((one) => [one.start, one.name]),
  );
  const asked = [...new Set(nodes.map(({ key }) => key))].filter((key) => names.has(key));
  const lines = symbols === undefined ? undefined : await linesOf(symbols, asked, start);
  const tell = (key: bigint, unnamed: boolean): Function => {
    const symbol = unnamed ? undefined : names.get(key);
    if (symbol === undefined) return { name: nameOf(key), file: null, line: null };
    const found = lines?.get(key)?.at(-1);
    const [, file = null, line] = /^(.*):(\d+)$/.exec(found?.place ?? '') ?? [];
    // Of a name that a compiler made, what the programmer wrote.
    const name = /^_(Z|R)/.test(symbol) ? (found?.name ?? symbol) : symbol;
    return { name, file: file && within(tree, file), line: line === undefined ? null : Number(line) };
  };
  return { tell, named: names.size > 0, lined: lines !== undefined };
}

function nameOf(key: bigint): string {
  if (key === BigInt(beforeKey)) return '[before the kernel]';
  if (key === BigInt(outsideKey)) return '[outside the kernel]';
  return `0x${key.toString(16)}`;
}

const within = (tree: string, file: string): string =>
  file.startsWith(`${tree}/`) ? file.slice(tree.length + 1) : file.replace(/^\.\//, '');

function profileOf(
  dump: Dump,
  { machine, symbols }: Pick<BootSetup, 'machine' | 'symbols'>,
  namer: Namer,
): Profile {
  const known = new Map<bigint, Function>();
  for (const { key, unnamed } of dump.nodes.slice(1))
    if (!known.has(key)) known.set(key, namer.tell(key, unnamed));
  const order = [...known].sort(
    ([a, x], [b, y]) => compare(x.name, y.name) || compare(x.file ?? '', y.file ?? '') || compare(a, b),
  );
  const index = new Map(order.map(([key], at) => [key, at]));
  const nodes = inOrder(dump, index);
  const benchmarks = symbols === undefined ? [] : benchmarksOf(symbols);
  return {
    schema: 'synos.profile/1',
    machine,
    unit: 'instructions',
    total: nodes.reduce((sum, { self }) => sum + self, 0),
    functions: order.map(([, one]) => one),
    nodes,
    ...(benchmarks.length > 0
      ? {
          benchmarks: benchmarks.map(({ name, address }) => ({ name, function: index.get(address) ?? null })),
        }
      : {}),
    notes: notesOf(dump, namer),
  };
}

const compare = <T extends string | bigint>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);

// Depth first, children by their functions.
function inOrder({ nodes }: Dump, index: ReadonlyMap<bigint, number>): Profile['nodes'] {
  const functionOf = (at: number): number => index.get(nodes[at]?.key ?? 0n) ?? -1;
  const children = nodes.map((): number[] => []);
  for (const [at, { parent }] of nodes.entries()) if (at > 0) children[parent]?.push(at);
  const sorted: { function: number; parent: number; self: number; calls: number }[] = [];
  const open: { at: number; parent: number }[] = [{ at: 0, parent: -1 }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { at, parent } = next;
    const place = sorted.length;
    const { self = 0, calls = 0 } = nodes[at] ?? {};
    sorted.push({ function: at === 0 ? -1 : functionOf(at), parent, self, calls });
    const below = (children[at] ?? []).sort((a, b) => functionOf(b) - functionOf(a));
    open.push(...below.map((child) => ({ at: child, parent: place })));
  }
  return sorted;
}

function notesOf({ deep, many, forgotten }: Dump, { named, lined }: Namer): string[] {
  const notes = [
    named ? undefined : 'no symbols: functions are the addresses that were called',
    named && !lined
      ? `no files and lines: ${find('addr2line') === undefined ? 'addr2line is missing (Debian package binutils)' : 'addr2line gave none'}`
      : undefined,
    deep > 0 ? `calls deeper than ${mostDepth} are counted at that depth (${deep} of them)` : undefined,
    many > 0 ? `there are too many call paths: ${many} calls are counted in their callers` : undefined,
    forgotten > 0
      ? `there are too many threads: of ${forgotten} that stood still the callers were forgotten`
      : undefined,
    'instructions of inlined functions are counted in the function that they were inlined into',
    'an interrupt or exception is a root of its own, not below what it interrupted',
    'instructions are counted, not time: caches, TLBs, devices and waiting do not show',
  ];
  return notes.filter((note) => note !== undefined);
}
