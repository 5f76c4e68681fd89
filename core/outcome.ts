// How one boot went: the verdict with its evidence, and all that was harvested. Plain JSON, but for bigint quantities.
import type { BenchRecord, Hello } from './record.ts';

/**
 * passed: exit code, `end` record and tests agree. failed: a test failed. panic: the guest said so. reset: triple fault or
 * reset asked for. halt: dead halt (HLT with interrupts off). spin: time limit with the CPU running. silent: nothing at all
 * came. stalled: something came, then nothing more. flood: more than the caps allow. early: ended well but without an `end`
 * record. incomplete: records lost or damaged. firmware: stuck before the kernel. qemu-error: QEMU itself failed.
 * killed: QEMU was killed from outside. budget: stopped behind the number of
 * instructions that it was given.
 */
export const bootEnds = [
  'passed',
  'failed',
  'panic',
  'reset',
  'halt',
  'spin',
  'silent',
  'stalled',
  'flood',
  'early',
  'incomplete',
  'firmware',
  'qemu-error',
  'killed',
  'budget',
] as const;
export type BootEnd = (typeof bootEnds)[number];

export type TestSummary = {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Full names of the failed tests, escaped; capped at 100. */
  readonly failures: readonly string[];
  /** Each test as it came; capped at 2,000. Absent where there was none, and from runs of an older SynOS. */
  readonly cases?: readonly TestCase[];
};

/** `name`: in full, with `/` between suites and tests, escaped. */
export type TestCase = { readonly name: string; readonly result: 'passed' | 'failed' | 'skipped' };

export const mostTestCases = 2000;

/** A fault that was to be done to the guest. */
export type FaultOutcome = {
  readonly kind: string;
  /** Milliseconds since the guest was set running; null for one whose time never came. */
  readonly atMs: number | null;
  readonly done: boolean;
  /** Why it was not done: QEMU's words, or that its time never came. */
  readonly why: string | null;
};

/** One call of a backtrace; the first is where the CPU was. */
export type LastFrame = {
  readonly address: string;
  /** The function, or the nearest symbol with an offset. */
  readonly name: string | null;
  /** File and line. */
  readonly place: string | null;
  /** Inlined into the frame that comes behind it. */
  readonly inlined: boolean;
};

export type LastCpu = {
  readonly cpu: number;
  readonly state: 'runs' | 'halted' | 'never started';
  readonly mode: string;
  readonly ring: number;
  /** By name; flags and control registers with the names of the bits that are set. */
  readonly registers: { readonly [name: string]: string };
  /** What is wrong with the pages that it stands on, and what its last page fault ran into. */
  readonly pages: readonly string[];
  readonly backtrace: readonly LastFrame[];
};

/** What a guest that went wrong was seen at last; only where QEMU was still there to be asked. */
export type LastSeen = {
  readonly cpus: readonly LastCpu[];
  /** What could not be told, and why. */
  readonly notes: readonly string[];
};

export type BootOutcome = {
  readonly machine: string;
  readonly end: BootEnd;
  /** One sentence for people: what was seen. */
  readonly reason: string;
  /** What the verdict rests on: QMP reason, exit code, registers, missing records. */
  readonly evidence: readonly string[];
  readonly hello: Hello | null;
  readonly records: readonly BenchRecord[];
  /** Sequence numbers that never came; capped at 100. */
  readonly missing: readonly number[];
  /** Frames or lines that were refused, with the reason; capped at 20. */
  readonly refused: readonly string[];
  readonly tests: TestSummary;
  /** The last lines of the serial port, escaped. */
  readonly tail: readonly string[];
  readonly accelerator: string;
  /** True when ticks are instructions (icount). */
  readonly exact: boolean;
  readonly qemu: {
    readonly version: string;
    readonly argv: readonly string[];
    readonly exit: number | null;
    readonly signal: string | null;
  };
  /** Milliseconds from the start of QEMU, or where that was started ahead from the moment when its guest was set running; null for what never came. */
  readonly timing: {
    readonly firstByteMs: number | null;
    readonly firstRecordMs: number | null;
    /** To the line that says that the guest is ready; there where the machine has a rule for it. */
    readonly readyMs?: number | null;
    readonly totalMs: number;
    /** QEMU was started ahead, with its machine paused. */
    readonly prewarmed?: true;
  };
  readonly serialBytes: number;
  /** In the order of the machine's description; absent where it names none. */
  readonly faults?: readonly FaultOutcome[];
  readonly last?: LastSeen;
};
