// A Makefile: which target makes what a machine can start.
import { dirname } from 'node:path';
import {
  type Because,
  type Candidate,
  type Outputs,
  outputNamed,
  partsLast,
  programsIn,
  projectPath,
  usesNetwork,
} from './candidate.ts';
import { type Makefile, reaches, readMakefile } from './makefile.ts';
import { qemuLines, readQemuLine } from './qemu-line.ts';
import type { Survey } from './survey.ts';

/** Rules that are tried as the one that makes all. */
const mostGoals = 300;

type Found = { name: keyof Outputs; path: string; target: string; why: string };

export function byMake(survey: Survey, boots: ReadonlySet<string>): Candidate | undefined {
  const path = survey.find(/(?:^|\/)(?:GNUmakefile|[Mm]akefile)$/)[0];
  if (path === undefined) return undefined;
  const makefile = readMakefile(survey, path);
  const dir = dirname(path);
  const written = fromRules(makefile, dir, boots);
  const rank = new Map(partsLast(written.map(({ path: file }) => file)).map((file, index) => [file, index]));
  written.sort((one, other) => (rank.get(one.path) ?? 0) - (rank.get(other.path) ?? 0));
  const found = [...fromQemu(makefile, dir), ...written];
  const outputs: Outputs = {};
  const because: Because[] = [];
  const targets = new Set<string>();
  for (const { name, path: file, target, why } of found) {
    if (outputs[name] !== undefined) continue;
    outputs[name] = file;
    because.push({ path: `kernel.outputs.${name}`, why });
    targets.add(target);
  }
  const goals = goalsOf(makefile, [...targets]);
  const recipe = recipesOf(makefile, goals);
  const network = usesNetwork(recipe);
  if (network) because.push({ path: 'kernel.network', why: `${path}: a recipe fetches something` });
  return {
    name: path,
    dir,
    command: ['make', ...goals],
    outputs,
    tools: programsIn(recipe),
    network,
    because: [{ path: 'kernel.command', why: whyCommand(makefile, goals) }, ...because],
    open: [],
  };
}

function whyCommand({ path, first }: Makefile, goals: readonly string[]): string {
  if (goals.length > 0) return `${path}: makes ${goals.join(' and ')}, which its first target does not`;
  return first === undefined
    ? `${path} is there; no target was recognised`
    : `${path}: its first target is ${first}`;
}

/** What the project's own QEMU lines start; the target is whatever rule makes that file. */
function fromQemu(makefile: Makefile, dir: string): Found[] {
  return makefile.rules.flatMap((rule) =>
    qemuLines(rule.recipe.join('\n')).flatMap((words) => {
      const line = readQemuLine(words);
      const names = ['kernel', 'iso', 'disk', 'initrd', 'firmware'] as const;
      return names.flatMap((name) => {
        const file = projectPath(dir, line[name]);
        if (file === undefined) return [];
        const why = `${makefile.path}: the rule ${rule.target} starts QEMU with it`;
        return [{ name, path: file, target: makerOf(makefile, line[name] ?? '', rule.needs), why }];
      });
    }),
  );
}

function makerOf({ rules }: Makefile, file: string, needs: readonly string[]): string {
  if (rules.some(({ target }) => target === file)) return file;
  const by = rules.find(({ recipe }) => recipe.some((line) => writes(line).includes(file)));
  return by?.target ?? needs[0] ?? file;
}

function fromRules(makefile: Makefile, dir: string, boots: ReadonlySet<string>): Found[] {
  return makefile.rules.flatMap((rule) =>
    [rule.target, ...rule.recipe.flatMap(writes)].flatMap((file) => {
      const path = projectPath(dir, file);
      const name = path === undefined ? undefined : outputNamed(path, boots);
      const isPhony = file === rule.target && rule.recipe.length === 0 && !/[./]/.test(file);
      if (path === undefined || name === undefined || isPhony || isNoFile(makefile, file)) return [];
      return [
        { name, path, target: rule.target, why: `${makefile.path}: the rule ${rule.target} writes it` },
      ];
    }),
  );
}

const isNoFile = ({ rules }: Makefile, file: string): boolean =>
  /[%\s]/.test(file) || rules.some(({ target, needs }) => target === '.PHONY' && needs.includes(file));

/** Files that a line of shell names as what it writes. */
export function writes(line: string): string[] {
  const named = [
    ...line.matchAll(/(?:^|\s)-o\s*([^\s;&|]+)|\bof=([^\s;&|]+)|>\s*([^\s;&|>]+)|--output[= ]([^\s;&|]+)/g),
  ];
  const copied = /\bobjcopy\b.*\s(\S+)\s*$/.exec(line)?.[1];
  return [...named.map(([, a, b, c, d]) => a ?? b ?? c ?? d ?? ''), ...(copied ? [copied] : [])];
}

// The first target is left unsaid where it makes all of them, unless it starts QEMU, too.
function goalsOf(makefile: Makefile, targets: readonly string[]): string[] {
  const { first, rules } = makefile;
  const runs = rules.filter(({ recipe }) => qemuLines(recipe.join('\n')).length > 0);
  const starts = (goal: string): boolean => runs.some(({ target }) => reaches(makefile, goal, target));
  if (targets.length === 0) return [];
  if (first !== undefined && !starts(first) && targets.every((target) => reaches(makefile, first, target)))
    return [];
  const phony = rules
    .slice(0, mostGoals)
    .find(
      ({ target }) =>
        /^[\w-]+$/.test(target) && !starts(target) && targets.every((one) => reaches(makefile, target, one)),
    );
  if (phony) return [phony.target];
  return targets.filter((one) => !targets.some((other) => other !== one && reaches(makefile, other, one)));
}

function recipesOf(makefile: Makefile, goals: readonly string[]): string[] {
  const from = goals.length > 0 ? goals : makefile.first === undefined ? [] : [makefile.first];
  return makefile.rules
    .filter(({ target }) => target.includes('%') || from.some((goal) => reaches(makefile, goal, target)))
    .flatMap(({ recipe }) => recipe);
}
