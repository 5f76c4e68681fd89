// The parts of a boot's outcome: what is told while it runs, the facts for the verdict, and the whole as one plain value.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nowMs } from '../core/clock.ts';
import type { Emit } from '../core/event.ts';
import type { Finished } from '../core/exec.ts';
import type { BootOutcome, FaultOutcome } from '../core/outcome.ts';
import { visibleLines, visibleUpTo } from '../core/text.ts';
import type { BootFacts } from './evidence.ts';
import { files } from './machine.ts';
import type { SerialEvents, SerialReader, SerialState } from './serial.ts';
import { judge } from './verdict.ts';

/** Lines told as events; the log has all of them. */
const mostLines = 5000;

/** Tells lines and records of one machine as events; `ms` is the time since the start of QEMU. */
export function serialTellers(machine: string, emit: Emit, ms: () => number): SerialEvents {
  let lines = 0;
  return {
    line(text) {
      lines++;
      if (lines <= mostLines) emit({ type: 'boot.serial', machine, ms: ms(), line: text });
      if (lines === mostLines)
        emit({
          type: 'warning',
          message: `${machine}: the lines behind the first ${mostLines} are in its log only`,
        });
    },
    gathered(what) {
      if (what.kind === 'record') emit({ type: 'boot.record', machine, record: what.record });
    },
  };
}

export type Stopwatch = {
  /** The guest is set running. */
  go(): void;
  mark(serial: SerialState): void;
  /** Milliseconds so far. */
  ms(): number;
  end(): BootOutcome['timing'];
};

/**
 * Runs from now, or where QEMU was started `ahead` from go() on, and says so in what it gives. With `forReady` it tells when the guest was ready, too: null
 * for never.
 */
export function stopwatch({ ahead = false, forReady = false } = {}): Stopwatch {
  let begun = nowMs();
  let firstByteMs: number | null = null;
  let firstRecordMs: number | null = null;
  let readyMs: number | null = null;
  const now = (): number => Math.round((nowMs() - begun) * 10) / 10;
  return {
    go() {
      if (ahead) begun = nowMs();
    },
    mark(serial) {
      if (serial.bytes > 0) firstByteMs ??= now();
      if (serial.frames > 0 || (serial.found ?? 0) > 0) firstRecordMs ??= now();
      if (serial.rules?.ready !== undefined) readyMs ??= now();
    },
    ms: now,
    end: () => ({
      ...{ firstByteMs, firstRecordMs },
      ...(forReady ? { readyMs } : {}),
      totalMs: now(),
      ...(ahead ? { prewarmed: true } : {}),
    }),
  };
}

/** The last lines that QEMU wrote itself, escaped; its warnings are no complaints. */
export function complaintsOf(finished: Finished): string[] {
  return visibleLines(finished.stderr)
    .filter((line) => line.trim() !== '' && !/\bwarning: /.test(line))
    .slice(-10)
    .map((line) => visibleUpTo(line.replace(/^\S*qemu-system-\S+: /, ''), 400));
}

/** QEMU's log of CPU resets names a triple fault; it is written under TCG only. */
export function loggedTripleFault(work: string): boolean {
  try {
    return readFileSync(join(work, files.log), 'latin1').includes('Triple fault');
  } catch {
    return false; // QEMU ended before it opened its log
  }
}

export type OutcomeContext = Pick<BootOutcome, 'machine' | 'accelerator' | 'exact' | 'timing'> & {
  readonly version: string;
  readonly argv: readonly string[];
  readonly last: BootOutcome['last'];
};

export function outcomeOf(context: OutcomeContext, facts: BootFacts, serial: SerialReader): BootOutcome {
  const { harvest, tests } = facts;
  const state = serial.state();
  const verdict = judge(facts);
  return {
    machine: context.machine,
    ...verdict,
    hello: harvest.hello,
    records: harvest.records,
    missing: harvest.missing,
    refused: harvest.refused,
    tests: tests.summary,
    tail: serial.tail(),
    accelerator: context.accelerator,
    exact: context.exact,
    qemu: { version: context.version, argv: context.argv, exit: facts.exit, signal: facts.signal },
    timing: context.timing,
    serialBytes: state.bytes,
    ...(context.last && verdict.end !== 'passed' ? { last: context.last } : {}),
  };
}

/** Tells lines to somebody else, too. */
export function withLines(events: SerialEvents, also: ((text: string) => void) | undefined): SerialEvents {
  if (!also) return events;
  return {
    ...events,
    line(text) {
      events.line(text);
      also(text);
    },
  };
}

/** What was done to the guest stands before all that it did. */
export function withFaults(outcome: BootOutcome, faults: readonly FaultOutcome[] | undefined): BootOutcome {
  if (!faults) return outcome;
  return { ...outcome, evidence: [...faults.map(faultWords), ...outcome.evidence], faults };
}

function faultWords({ kind, atMs, done, why }: FaultOutcome): string {
  const when = atMs === null ? '' : ` after ${atMs} ms`;
  return `fault ${kind}${when}: ${done ? 'done' : `not done, ${why}`}`;
}
