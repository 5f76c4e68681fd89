// A package's script that runs before its files come (preinst) must not see them. They lie in the group's payload all the same, so they
// are hidden until the script has run: the root is mounted anew for each phase, with less hidden.
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDatabase } from '../database.ts';
import { formatStanza } from '../deb822.ts';
import { control, type DebFacts } from '../facts.ts';
import type { Order, Step } from '../order.ts';
import { TarWriter } from '../tar-writer.ts';

export type Work = {
  readonly here: readonly DebFacts[];
  readonly before: readonly DebFacts[];
  readonly order: Order;
  readonly dropped: ReadonlySet<string>;
  /** Entries of packages that earlier groups hide, to be written once more. */
  readonly again: (rows: readonly DebFacts[]) => readonly string[];
};

type Phase = {
  readonly steps: readonly Step[];
  /** Packages that are there from this phase on, but for dpkg's part of the unpacking. */
  readonly arrived: readonly DebFacts[];
  /** Packages that are not there yet. */
  readonly hidden: readonly DebFacts[];
};

/**
 * Writes a folder for each phase, `phase-0000` and so on: `database` to add to dpkg's; `over`, names that scripts made where files
 * come now; `again`, files to write once more; `hidden.tar`, what lies above the files that are not there; `steps`.
 */
export async function writePhases(group: Work, work: string): Promise<void> {
  for (const [index, phase] of phasesOf(group).entries()) {
    const folder = join(work, `phase-${String(index).padStart(4, '0')}`);
    await mkdir(folder);
    await writeDatabase(join(folder, 'database'), phase.arrived, group.dropped, group.before);
    const conffiles = new Set(phase.arrived.flatMap((row) => row.conffiles.map(([path]) => path.slice(1))));
    const over = index === 0 ? [] : phase.arrived.filter((row) => !group.order.merged.has(row.name));
    const names = over.flatMap((row) => row.entries.filter((entry) => entry.kind !== 'dir'));
    await writeLines(
      join(folder, 'over'),
      names.filter((entry) => !conffiles.has(entry.shipped)).map((entry) => entry.place),
    );
    await writeLines(join(folder, 'again'), group.again(phase.arrived));
    await writeHidden(join(folder, 'hidden.tar'), group, phase.hidden);
    // As the package has it, for who looks.
    for (const row of group.here.filter(({ name }) => scriptsOf(phase).has(name)))
      await writeFile(join(folder, `control-${row.name}`), formatStanza(row.control));
    await writeLines(
      join(folder, 'steps'),
      phase.steps.flatMap((step) => stepLines(step, group.here)),
    );
  }
}

function phasesOf({ here, order }: Work): Phase[] {
  const isBase = (row: DebFacts): boolean => order.base.has(row.name) && row.preinst;
  let arrived = here.filter((row) => order.merged.has(row.name) && !isBase(row));
  let hidden = here.filter((row) => !order.merged.has(row.name));
  let steps: Step[] = [];
  const phases: Phase[] = [];
  for (const step of order.steps) {
    steps.push(step);
    if (step.verb !== 'preinst') continue;
    phases.push({ steps, arrived, hidden });
    const names = new Set(step.packages);
    arrived = here.filter((row) => names.has(row.name));
    hidden = hidden.filter((row) => !names.has(row.name));
    steps = [];
  }
  return [...phases, { steps: [...steps, { verb: 'finish', packages: [] }], arrived, hidden }];
}

function scriptsOf({ steps }: Phase): Set<string> {
  return new Set(steps.filter(({ verb }) => verb === 'preinst').flatMap(({ packages }) => packages));
}

function stepLines({ verb, packages }: Step, here: readonly DebFacts[]): string[] {
  if (verb !== 'preinst') return [`${verb} ${packages.join(' ')}`.trim()];
  return here
    .filter((row) => packages.includes(row.name))
    .map((row) => `preinst ${row.name} ${row.infoName} ${control(row, 'Architecture')}`);
}

async function writeHidden(path: string, { here, before }: Work, hidden: readonly DebFacts[]): Promise<void> {
  const absent = new Set(hidden);
  const seen = [...before, ...here].filter((row) => !absent.has(row));
  const places = new Set(seen.flatMap((facts) => facts.entries.map((entry) => entry.place)));
  const names = hidden.flatMap(({ entries }) =>
    entries.filter((entry) => entry.kind !== 'dir' && !places.has(entry.place)).map((entry) => entry.place),
  );
  await using file = await open(path, 'w');
  const writer = new TarWriter(file);
  for (const place of [...new Set(names)].sort())
    await writer.entry({ ...nothing, name: `./${place}`, kind: 'char' });
  await writer.finish();
}

/** A tar entry's fields, all of them empty. */
const nothing = { size: 0, mode: 0, uid: 0, gid: 0, mtime: 0, link: '', major: 0, minor: 0 } as const;

export async function writeLines(path: string, lines: readonly string[]): Promise<void> {
  await writeFile(path, lines.map((line) => `${line}\n`).join(''));
}
