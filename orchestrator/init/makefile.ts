// Enough of make's language to guess what a Makefile makes: plain variables, rules, included files. Nothing is run.
import { dirname, join } from 'node:path';
import type { Survey } from './survey.ts';

type Rule = {
  readonly target: string;
  readonly needs: readonly string[];
  /** Recipe lines with variables put in. */
  readonly recipe: readonly string[];
};

export type Makefile = {
  readonly path: string;
  readonly rules: readonly Rule[];
  /** What `make` alone makes. */
  readonly first: string | undefined;
  /** What each target needs, of all its rules. */
  readonly needs: ReadonlyMap<string, ReadonlySet<string>>;
};

const mostDepth = 20;
const mostLength = 4000;

export function readMakefile(survey: Survey, path: string): Makefile {
  const variables = new Map<string, string>();
  const lines = linesOf(survey, path, variables, 3);
  const expand = (text: string): string => put(text, variables, mostDepth);
  const rules: { target: string; needs: string[]; recipe: string[] }[] = [];
  let open: { target: string; needs: string[]; recipe: string[] }[] = [];
  for (const line of lines) {
    if (line.startsWith('\t')) {
      const text = line.replace(/^[\t @+-]+/, '');
      for (const rule of open) rule.recipe.push(automatic(expand(text), rule));
      continue;
    }
    const rule = /^([^\s#:=][^:=#]*?)\s*::?(?!=)\s*([^=;]*)(?:;.*)?$/.exec(line);
    if (!rule) continue;
    const needs = words(expand(rule[2] ?? '').replace(/\s*\|\s*/, ' '));
    open = words(expand(rule[1] ?? '')).map((target) => ({ target, needs, recipe: [] }));
    rules.push(...open);
  }
  const first = rules.find(({ target }) => !/^\.|%/.test(target))?.target;
  return { path, rules, first: variables.get('.DEFAULT_GOAL') ?? first, needs: needsOf(rules) };
}

function needsOf(rules: readonly Rule[]): Map<string, Set<string>> {
  const all = new Map<string, Set<string>>();
  for (const { target, needs } of rules) {
    const known = all.get(target) ?? new Set();
    all.set(target, known);
    for (const need of needs) known.add(need);
  }
  return all;
}

/** Whether making the one makes the other on the way. */
export function reaches({ needs }: Makefile, from: string, to: string): boolean {
  const seen = new Set([from]);
  for (const target of seen) {
    if (target === to) return true;
    for (const need of needs.get(target) ?? []) seen.add(need);
  }
  return false;
}

function linesOf(survey: Survey, path: string, variables: Map<string, string>, depth: number): string[] {
  const found: string[] = [];
  for (const raw of joined(survey.text(path))) {
    const line = raw.startsWith('\t') ? raw : raw.replace(/(^|\s)#.*$/, '').trimEnd();
    const assigned = assignment.exec(line);
    const other = includedBy(line, path, variables);
    if (assigned) assign(variables, assigned[1] ?? '', assigned[2], assigned[3] ?? '');
    else if (other === undefined) found.push(line);
    else if (depth > 0 && survey.has(other)) found.push(...linesOf(survey, other, variables, depth - 1));
  }
  return found;
}

const joined = (text: string): string[] =>
  text
    .replace(/\\\r?\n[ \t]*/g, ' ')
    .split(/\r?\n/)
    .map((line) => line.slice(0, mostLength));

const assignment = /^ *(?:override\s+|export\s+)*([A-Za-z0-9_.-]+)\s*(\?|\+|::?)?=\s*(.*)$/;

function includedBy(line: string, path: string, variables: ReadonlyMap<string, string>): string | undefined {
  const name = /^-?include\s+(\S+)$/.exec(line)?.[1];
  return name === undefined ? undefined : join(dirname(path), put(name, variables, mostDepth));
}

function assign(variables: Map<string, string>, name: string, how: string | undefined, value: string): void {
  const before = variables.get(name);
  if (how === '?' && before !== undefined) return;
  variables.set(name, how === '+' && before !== undefined ? `${before} ${value}` : value);
}

function put(text: string, variables: ReadonlyMap<string, string>, depth: number): string {
  if (depth === 0 || text.length > mostLength) return text.slice(0, mostLength);
  const once = text.replace(
    /\$[({]([A-Za-z0-9_.-]+)[)}]/g,
    (_, name: string) => variables.get(name) ?? builtIn[name] ?? '',
  );
  return once === text ? text : put(once, variables, depth - 1);
}

const builtIn: { readonly [name: string]: string } = {
  CC: 'cc',
  AS: 'as',
  LD: 'ld',
  CURDIR: '.',
  MAKE: 'make',
};

function automatic(text: string, { target, needs }: { target: string; needs: readonly string[] }): string {
  return text
    .replace(/\$@/g, target)
    .replace(/\$</g, needs[0] ?? '')
    .replace(/\$[\^+]/g, needs.join(' '))
    .slice(0, mostLength);
}

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');
