// Profiles on the page: the functions as a table, and the tree of calls, packed, of which page/flame.js draws a flame graph. Loaded for
// runs that have one.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../../core/digest.ts';
import { type Profile, parseProfile } from '../../../core/profile.ts';
import { visible } from '../../../core/text.ts';
import { count, number } from '../../../core/words.ts';
import { shellWords } from '../format.ts';
import { type FunctionRow, functionKey, functionRows, nodeTotals } from '../profile/functions.ts';
import type { StoredBoot, StoredRun } from '../run.ts';
import type { EarlierBoot } from '../store.ts';
import { commandLine } from './commands.ts';
import { type Html, html } from './html.ts';
import { pushVarint } from './pack.ts';

/** For the page: the section, and what the script reads; `bytes` stand behind those of the metrics. */
export type ProfilePart = {
  readonly section: Html;
  readonly data: readonly FlameData[];
  readonly bytes: readonly number[];
};

/** Each node: how far before it its parent stands, its function, its own count, its calls, and 1 + its total before where that is known. */
type FlameData = {
  readonly machine: string;
  readonly total: number;
  readonly compared: boolean;
  readonly nodes: number;
  readonly functions: readonly string[];
};

const mostBytes = 64 << 20;
const mostNodes = 3000;
const mostRows = 30;

/** Undefined where no boot has one that is still there as it was. */
export function profilePart(
  run: StoredRun,
  earlier: readonly (EarlierBoot | undefined)[],
  tree: string,
): ProfilePart | undefined {
  const shown = run.boots.flatMap((boot, index) => {
    const profile = read(boot, tree);
    const before = earlier[index]?.boot;
    return profile ? [{ profile, before: before && read(before, tree) }] : [];
  });
  if (shown.length === 0) return undefined;
  const bytes: number[] = [];
  const data = shown.map(({ profile, before }) => flameOf(profile, before, bytes));
  const cards = shown.map(({ profile }, index) => card(profile, data[index] as FlameData, index));
  return {
    data,
    bytes,
    section: html`<section id="profile" aria-labelledby="profile-h"><h2 id="profile-h">Where the instructions went</h2>
${cards}${commandLine(shellWords(run.command))}</section>`,
  };
}

function read({ profile }: StoredBoot, tree: string): Profile | undefined {
  if (!profile) return undefined;
  const file = join(tree, profile.path);
  try {
    const stat = statSync(file);
    if (!stat.isFile() || stat.size > mostBytes) return undefined;
    const data = readFileSync(file);
    return digestOf(data) === profile.digest ? parseProfile(data.toString('utf8'), file) : undefined;
  } catch {
    return undefined; // cleaned away since, or not ours
  }
}

/** Small call paths go into their callers: a page shows no more than some thousands. */
function flameOf(profile: Profile, before: Profile | undefined, bytes: number[]): FlameData {
  const totals = nodeTotals(profile);
  const floor = [...totals].sort((a, b) => b - a)[mostNodes - 1] ?? 0;
  const was = before ? totalsByPath(before) : undefined;
  const paths = was ? pathsOf(profile) : [];
  const place: number[] = [];
  const functions = new Map<number, number>();
  let nodes = 0;
  profile.nodes.forEach((node, index) => {
    const parent = place[node.parent] ?? -1;
    const total = totals[index] ?? 0;
    if (index > 0 && (parent < 0 || total === 0 || total < floor || nodes >= mostNodes)) return;
    place[index] = nodes;
    const at = functions.get(node.function) ?? functions.size;
    functions.set(node.function, at);
    const known = was?.get(paths[index] ?? '');
    for (const value of [nodes - parent, at, total, node.calls, known === undefined ? 0 : known + 1])
      pushVarint(bytes, value);
    nodes++;
  });
  return {
    machine: visible(profile.machine),
    total: profile.total,
    compared: was !== undefined,
    nodes,
    functions: [...functions.keys()].map((at) => visible(profile.functions[at]?.name ?? 'all')),
  };
}

/** Names from the root on: the same call path of another build has other numbers. */
function pathsOf({ nodes, functions }: Profile): string[] {
  const paths: string[] = [];
  for (const node of nodes) {
    const one = functions[node.function];
    paths.push(`${paths[node.parent] ?? ''}\n\n${one ? functionKey(one.name, one.file) : ''}`);
  }
  return paths;
}

function totalsByPath(profile: Profile): Map<string, number> {
  const totals = nodeTotals(profile);
  const known = new Map<string, number>();
  pathsOf(profile).forEach((path, index) => {
    known.set(path, (known.get(path) ?? 0) + (totals[index] ?? 0));
  });
  return known;
}

function card(profile: Profile, { compared, nodes }: FlameData, index: number): Html {
  const rows = functionRows(profile);
  const left = profile.nodes.length - nodes;
  const name = `${profile.machine}: ${number(profile.total)} instructions, ${count(rows.length, 'function')}`;
  return html`<div class="card"><h3>${name}</h3>
<div class="flame script" data-flame="${index}"></div>
<p class="note">${compared ? 'Colours: more (warm) or fewer (cold) instructions than the run before on the same call path. ' : null}${left > 0 ? `${count(left, 'small call path')} stand in their callers. ` : null}${profile.notes.map((note) => `${note.charAt(0).toUpperCase()}${note.slice(1)}. `)}</p>
<details><summary>Functions, most instructions of their own first</summary><div class="scroll" tabindex="0" role="region" aria-label="Functions of ${profile.machine}"><table class="list">
<thead><tr><th scope="col">function<th scope="col" class="n">self<th scope="col" class="n">%<th scope="col" class="n">with what it calls<th scope="col" class="n">%<th scope="col" class="n">calls<th scope="col">source</thead>
<tbody>${rows.slice(0, mostRows).map((row) => functionRow(row, profile.total))}</table></div>${rows.length > mostRows ? html`<p>and ${number(rows.length - mostRows)} more</p>` : null}</details></div>`;
}

function functionRow({ name, file, line, self, total, calls }: FunctionRow, all: number): Html {
  const share = (value: number): string => (all > 0 ? ((100 * value) / all).toFixed(1) : '0');
  return html`<tr><th scope="row">${name}<td class="n">${number(self)}<td class="n">${share(self)}<td class="n">${number(total)}<td class="n">${share(total)}<td class="n">${number(calls)}<td>${file === null ? '' : `${file}${line === null ? '' : `:${line}`}`}
`;
}
