// What the host benchmark measured: its lines read back, least and median ticks, who is fastest, and which goal that meets.
import { SynosError } from '../../core/failure.ts';
import { median } from './stats.ts';

type HostAllocator = {
  readonly name: string;
  /** Path of the library that it came from; null: the kernel's own sources. */
  readonly library: string | null;
  readonly version: string | null;
};

/** Ticks of the time stamp counter for one allocation and its free, the loop around them subtracted. */
type HostFigure = {
  readonly allocator: string;
  readonly least: number;
  readonly median: number;
  /** Of each round the least, in the order in which they ran. */
  readonly rounds: readonly number[];
  /** How many allocations of one run go through which call. */
  readonly calls: { readonly malloc: number; readonly aligned: number };
};

export type HostRow = {
  readonly workload: string;
  /** Bytes that every block is a multiple of: what tensors need, or what a plain malloc promises. */
  readonly alignment: 64 | 16;
  /** Ours first; at 16 it is the same figure as at 64, since ours has one call for both. */
  readonly figures: readonly HostFigure[];
  /** The fastest of the others by its least ticks. */
  readonly fastest: string;
  /** Ours / the fastest of the others; null where that one's cost is lost in the loop's. */
  readonly ratio: number | null;
  /** The same of the medians, against the fastest by those. */
  readonly medianRatio: number | null;
  /** The ratio is to be at most this; null: shown, and not judged. */
  readonly goal: number | null;
  readonly met: boolean | null;
};

export type HostMemory = {
  readonly workload: string;
  /** Most bytes live at once, as asked for. */
  readonly live: number;
  /** Most bytes that each took from the machine meanwhile. */
  readonly resident: readonly { readonly allocator: string; readonly bytes: number }[];
};

export type HostMeasured = {
  readonly allocators: readonly HostAllocator[];
  readonly rows: readonly HostRow[];
  readonly memory: readonly HostMemory[];
};

type Line = { readonly [key: string]: unknown };

export const ours = 'synos';

/** Reads the program's lines. Throws SynosError artefact.invalid when the last is missing or one is not what it should be. */
export function readHostBench(text: string, traces: readonly string[]): HostMeasured {
  const lines = text.split('\n').filter((line) => line !== '');
  const parsed = lines.map(parseLine);
  if (parsed.at(-1)?.['type'] !== 'end') throw damaged('it ends before its last line');
  const ofType = (type: string): Line[] => parsed.filter((line) => line['type'] === type);
  const results = ofType('result').map(readResult);
  const goals = new Map<string, number | null>();
  for (const { workload } of results) goals.set(workload, goalOf(workload, traces.includes(workload)));
  return {
    allocators: ofType('contender').map(readAllocator),
    rows: ([64, 16] as const).flatMap((alignment) =>
      [...goals].flatMap(([workload, goal]) => rowOf(results, workload, alignment, goal)),
    ),
    memory: memoryOf(ofType('memory')),
  };
}

/** What is to be reached against the fastest of the others. */
function goalOf(workload: string, isTrace: boolean): number | null {
  if (isTrace) return 1;
  return /^(?:pair-|churn$|language-model$)/.test(workload) ? 0.8 : null;
}

type Result = { readonly workload: string; readonly alignment: 64 | 16; readonly figure: HostFigure };

function readResult(line: Line): Result {
  const pairs = countIn(line, 'pairs');
  const full = countsIn(line, 'full');
  const empty = Math.min(...countsIn(line, 'empty'));
  const calls = line['calls'] as Line;
  const alignment = countIn(line, 'alignment');
  if (pairs === 0 || full.length === 0 || (alignment !== 64 && alignment !== 16))
    throw damaged('a result is empty');
  // A loop may cost less with the calls in it than without: what is lost in the noise costs nothing.
  const rounds = full.map((ticks) => Math.max(0, ticks - empty) / pairs);
  return {
    workload: textIn(line, 'workload'),
    alignment,
    figure: {
      allocator: textIn(line, 'allocator'),
      least: Math.min(...rounds),
      median: median(rounds),
      rounds,
      calls: { malloc: countIn(calls, 'malloc'), aligned: countIn(calls, 'aligned') },
    },
  };
}

function rowOf(
  results: readonly Result[],
  workload: string,
  alignment: 64 | 16,
  goal: number | null,
): HostRow[] {
  const here = results.filter((result) => result.workload === workload);
  const own = here.find(({ figure }) => figure.allocator === ours)?.figure;
  const others = here
    .filter((result) => result.alignment === alignment && result.figure.allocator !== ours)
    .map(({ figure }) => figure);
  const [fastest] = [...others].sort((a, b) => a.least - b.least);
  if (!own || !fastest) throw damaged(`${workload} was measured on too few allocators`);
  const ratio = quotient(own.least, fastest.least);
  const medianRatio = quotient(own.median, Math.min(...others.map((figure) => figure.median)));
  return [
    {
      workload,
      alignment,
      figures: [own, ...others],
      fastest: fastest.allocator,
      ratio,
      medianRatio,
      goal,
      met: goal === null || ratio === null ? null : ratio <= goal,
    },
  ];
}

function memoryOf(lines: readonly Line[]): HostMemory[] {
  const workloads = [...new Set(lines.map((line) => textIn(line, 'workload')))];
  return workloads.map((workload) => {
    const here = lines.filter((line) => line['workload'] === workload);
    return {
      workload,
      live: countIn(here[0] ?? {}, 'live'),
      resident: here.map((line) => ({
        allocator: textIn(line, 'allocator'),
        bytes: countIn(line, 'resident'),
      })),
    };
  });
}

function readAllocator(line: Line): HostAllocator {
  const known = (key: string): string | null => textIn(line, key) || null;
  return { name: textIn(line, 'allocator'), library: known('library'), version: known('version') };
}

function parseLine(text: string): Line {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Line;
  } catch {
    // told below, as any other damage
  }
  throw damaged(`a line is no JSON object: ${text.slice(0, 80)}`);
}

function textIn(line: Line, key: string): string {
  const value = line[key];
  if (typeof value === 'string') return value;
  throw damaged(`${key} is no text`);
}

function countIn(line: Line, key: string): number {
  const value = line?.[key];
  if (typeof value === 'number' && value >= 0) return value;
  throw damaged(`${key} is no count`);
}

function countsIn(line: Line, key: string): number[] {
  const value = line[key];
  if (Array.isArray(value) && value.every((one) => typeof one === 'number' && one >= 0))
    return value as number[];
  throw damaged(`${key} is no list of counts`);
}

const quotient = (above: number, below: number): number | null => (below > 0 ? above / below : null);

function damaged(reason: string): SynosError {
  return new SynosError({ code: 'artefact.invalid', what: 'the result of the host benchmark', reason });
}
