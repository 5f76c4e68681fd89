// How large should batches be? Simulates fetching, packing and the chain of configurations for the locked packages, with costs as measured.
//
//     node scripts/bench/batches.ts
import { makeBatches } from '../../iso/batch.ts';
import { type LockedPackage, readLock } from '../../iso/lock.ts';
import { isoOptions } from '../../iso/options.ts';

const lock = readLock('synos.lock', isoOptions.parse({}));
const step = 0.005;
/** Seconds to configure a group, and to start a task. */
const configure: { readonly [group: string]: number } = { base: 8, system: 8, dev: 3, security: 3, ai: 2 };
const overhead = 0.03;

// Seconds of one core: xz 0.085 a MB of .deb, digests and zstd 3 0.02 a MB unpacked, 6 ms for each package.
const cost = (row: LockedPackage): number =>
  0.006 + (0.085 * row.size) / 1e6 + (0.02 * row.installedKib) / 1e3;
const sum = (rows: readonly LockedPackage[], of: (row: LockedPackage) => number): number =>
  rows.reduce((total, row) => total + of(row), 0);

type Split = (rows: readonly LockedPackage[]) => readonly (readonly LockedPackage[])[];
type Work = { readonly id: string; readonly seconds: number; readonly after: readonly string[] };

function plan(split: Split): { work: Work[]; fetches: { id: string; bytes: number }[] } {
  const work: Work[] = [];
  const fetches: { id: string; bytes: number }[] = [];
  let before: string[] = [];
  for (const group of lock.groups) {
    const batches = split(lock.packages.filter((row) => row.group === group));
    const packs = batches.map((rows, n) => {
      const id = `${group}:${n}`;
      fetches.push({ id: `fetch:${id}`, bytes: sum(rows, (row) => row.size) });
      work.push({ id: `pack:${id}`, seconds: sum(rows, cost) + overhead, after: [`fetch:${id}`] });
      return `pack:${id}`;
    });
    work.push({ id: `configure:${group}`, seconds: configure[group] ?? 3, after: [...packs, ...before] });
    before = [`configure:${group}`];
  }
  return { work: [...work, { id: 'end', seconds: 3, after: before }], fetches };
}

/** The longest way to the end first, as the engine does it. */
function ways(work: readonly Work[]): Map<string, number> {
  const way = new Map<string, number>();
  for (const { id, seconds, after } of work.toReversed()) {
    const own = (way.get(id) ?? 0) + seconds;
    way.set(id, own);
    for (const each of after) way.set(each, Math.max(way.get(each) ?? 0, own));
  }
  return way;
}

class Machine {
  readonly done = new Set<string>();
  readonly #running = new Map<string, number>();
  readonly #cores: number;

  constructor(cores: number) {
    this.#cores = cores;
  }

  start(waiting: Work[], now: number, starts: Map<string, number>): void {
    for (const each of waiting.filter(({ after }) => after.every((id) => this.done.has(id)))) {
      if (this.#running.size >= this.#cores) return;
      waiting.splice(waiting.indexOf(each), 1);
      this.#running.set(each.id, each.seconds);
      starts.set(each.id, now);
    }
  }

  work(): void {
    for (const [id, left] of this.#running) {
      this.#running.set(id, left - step);
      if (left > step) continue;
      this.#running.delete(id);
      this.done.add(id);
    }
  }

  receive(line: { id: string; bytes: number }[], most: number): void {
    for (let budget = most; budget > 0 && line[0]; ) {
      const take = Math.min(budget, line[0].bytes);
      budget -= take;
      line[0].bytes -= take;
      if (line[0].bytes === 0) this.done.add(line.shift()?.id ?? '');
    }
  }
}

function simulate(split: Split, cores: number, link: number): string {
  const { work, fetches } = plan(split);
  const way = ways(work);
  const byWay = (a: { id: string }, b: { id: string }): number => (way.get(b.id) ?? 0) - (way.get(a.id) ?? 0);
  const line = fetches.toSorted(byWay).map((each) => ({ ...each }));
  const waiting = work.toSorted(byWay);
  const machine = new Machine(cores);
  const starts = new Map<string, number>();
  let now = 0;
  for (; !machine.done.has('end'); now += step) {
    machine.receive(line, link * 1e6 * step);
    machine.work();
    machine.start(waiting, now, starts);
  }
  const base = starts.get('configure:base') ?? 0;
  return `${fetches.length} batches: base configured from ${base.toFixed(1)} s on, all done at ${now.toFixed(1)} s`;
}

const splits: { readonly [name: string]: Split } = {
  'one a group': (rows) => [rows],
  'as planned': makeBatches,
  'one a package': (rows) => rows.map((row) => [row]),
};
for (const cores of [1, 2, 8])
  for (const link of [5, 27, 110])
    for (const [name, split] of Object.entries(splits))
      process.stdout.write(`${cores} cores, ${link} MB/s, ${name}: ${simulate(split, cores, link)}\n`);
