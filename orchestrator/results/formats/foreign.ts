// What a result file of another tool holds, and the run that is stored of it.
import type { Digest } from '../../../core/digest.ts';
import type { TestSummary } from '../../../core/outcome.ts';
import type { BenchRecord, Quantity } from '../../../core/record.ts';
import { visible } from '../../../core/text.ts';
import { type HostFacts, makeRun, notOurs, type StoredBoot, type StoredRun } from '../run.ts';
import { median } from '../stats.ts';
import { FormatFault } from './fault.ts';
import type { Source } from './source.ts';
import type { SaidUnits } from './units.ts';

export type Figure = Pick<BenchRecord, 'suite' | 'name' | 'metric' | 'unit' | 'labels'> & {
  readonly value: Quantity;
  /** How often the piece of work was done for one value. */
  readonly iterations?: number;
  /** From 0: which repetition of the whole measurement it is of. */
  readonly repetition: number;
};

export type Foreign = {
  /** With its version, where the file says it. */
  readonly tool: string;
  readonly startedAt?: Date | undefined;
  readonly host?: Partial<HostFacts>;
  readonly figures: readonly Figure[];
  readonly tests?: TestSummary;
  /** For people: what could not be taken over. */
  readonly notes: readonly string[];
};

export type ReadOptions = { readonly units: SaidUnits };
export type Reader = (source: Source, options: ReadOptions) => Foreign;

export type Origin = {
  readonly format: string;
  /** As it was named; `-` for standard input. */
  readonly file: string;
  readonly digest: Digest;
  readonly bytes: number;
};

type RunOf = {
  readonly origin: Origin;
  /** Default: the name of the format. */
  readonly machine?: string | undefined;
  readonly command: readonly string[];
  readonly synos: string;
  readonly now: Date;
};

const mostFigures = 100_000;
/** Beyond this, repetitions are samples of one boot: a boot each would be more than anybody looks at. */
const mostBoots = 200;

/** A repetition is to a foreign tool what a boot is to us: the thing that was done again. */
export function runOf(foreign: Foreign, of: RunOf): StoredRun {
  check(foreign);
  const { origin, now } = of;
  const tests = foreign.tests ?? { passed: 0, failed: 0, skipped: 0, failures: [] };
  const startedAt = sensible(foreign.startedAt, now) ?? now;
  const repetitions = repetitionsOf(foreign.figures);
  const run = makeRun({
    startedAt,
    durationMs: 0,
    command: of.command.map(visible),
    synos: of.synos,
    git: null,
    host: { ...nowhere, ...foreign.host },
    artefacts: [],
    tools: [{ name: origin.format, version: foreign.tool }],
    boots: repetitions.map((records, index) => bootOf(records, index === 0 ? tests : noTests, foreign, of)),
    results: [],
    exit: tests.failed > 0 ? 1 : 0,
  });
  return { ...run, imported: { ...origin, file: visible(origin.file), at: now.toISOString() } };
}

const noTests: TestSummary = { passed: 0, failed: 0, skipped: 0, failures: [] };
const nowhere: HostFacts = {
  ...{ cpuModel: 'unknown', cores: 0, memoryMib: 0, kernel: 'unknown', architecture: 'unknown' },
  container: null,
};

function check({ figures, tests }: Foreign): void {
  if (figures.length > mostFigures)
    throw new FormatFault(`it holds ${figures.length} figures, and at most ${mostFigures} are kept`, {
      next: 'split the file, or leave out what nobody looks at',
    });
  const count = tests ? tests.passed + tests.failed + tests.skipped : 0;
  if (figures.length + count === 0)
    throw new FormatFault('there is no figure and no test in it', {
      next: 'run the tool that wrote it again, and look at what it says',
    });
}

// A date of a machine without a clock orders nothing.
function sensible(date: Date | undefined, now: Date): Date | undefined {
  if (!date || Number.isNaN(date.getTime())) return undefined;
  const time = date.getTime();
  return time >= Date.UTC(1990, 0) && time <= now.getTime() + 86_400_000 ? date : undefined;
}

function repetitionsOf(figures: readonly Figure[]): BenchRecord[][] {
  const count = figures.reduce((most, { repetition }) => Math.max(most, repetition + 1), 1);
  if (count > mostBoots) return [sampled(figures)];
  const boots = Array.from({ length: count }, (): BenchRecord[] => []);
  for (const figure of figures) {
    const records = boots[figure.repetition] as BenchRecord[];
    records.push(recordOf(figure, records.length, figure.value, []));
  }
  return boots;
}

function sampled(figures: readonly Figure[]): BenchRecord[] {
  const series = Map.groupBy(figures, (one) =>
    JSON.stringify([one.suite, one.name, one.metric, one.unit, one.labels]),
  );
  return [...series.values()].map((members, sequence) => {
    const values = members.map(({ value }) => value);
    return recordOf(members[0] as Figure, sequence, median(values.map(Number)), values);
  });
}

function recordOf(
  { suite, name, metric, unit, labels, iterations }: Figure,
  sequence: number,
  value: Quantity,
  samples: readonly Quantity[],
): BenchRecord {
  return {
    ...{ schema: 1, sequence, kind: 'bench', suite, name, metric, unit, value },
    ...{ samples, iterations: iterations ?? 1, labels },
  };
}

function bootOf(
  records: readonly BenchRecord[],
  tests: TestSummary,
  foreign: Foreign,
  { origin, machine }: RunOf,
): StoredBoot {
  return {
    machine: machine ?? origin.format,
    end: tests.failed > 0 ? 'failed' : 'passed',
    reason: `imported from ${visible(origin.file)} (${foreign.tool})${tests.failed > 0 ? `; ${tests.failed} tests failed` : ''}`,
    evidence: [`${origin.bytes} bytes, SHA-256 ${origin.digest}`, ...foreign.notes],
    ...{ hello: null, records, missing: [], refused: [], tests, tail: [] },
    ...{ accelerator: notOurs, exact: false },
    qemu: { version: 'none', argv: [], exit: null, signal: null },
    timing: { firstByteMs: null, firstRecordMs: null, totalMs: 0 },
    serialBytes: 0,
    log: null,
  };
}
