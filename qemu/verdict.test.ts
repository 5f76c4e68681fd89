// The verdict: each end from its signs, and which sign wins when they disagree.
import { describe, expect, test } from 'vitest';
import { bootEnds } from '../core/outcome.ts';
import type { BootFacts } from './evidence.ts';
import type { CpuState } from './registers.ts';
import { judge } from './verdict.ts';

const kernelCpu: CpuState = {
  rip: 0xffffffff80112862n,
  interrupts: false,
  halted: false,
  protectedMode: true,
  paging: true,
  longMode: true,
  idtLimit: 0xfff,
  parked: false,
};
const halted = { ...kernelCpu, halted: true };
const idle = { ...halted, interrupts: true };
const biosCpu = { ...kernelCpu, rip: 0xb7b9n, paging: false, longMode: false, protectedMode: false };
const moved = (by: bigint): CpuState => ({ ...kernelCpu, rip: kernelCpu.rip + by });
const hello = { schema: 1, kernel: 'synos', build: '', cpus: 1, tscKhz: 1, cmdline: '' };
const noTests = { summary: { passed: 0, failed: 0, skipped: 0, failures: [] }, seen: false, problems: [] };
const whole = { hello, records: [], ended: true, missing: [], missingCount: 0, refused: [], defects: [] };
const nothing = { ...whole, hello: null, ended: false };
const said = { bytes: 5000, frames: 3, panic: undefined };

/** A boot that passed; each case changes what it needs. */
const facts = (change: Partial<BootFacts>): BootFacts => ({
  stop: { cause: 'exit' },
  started: true,
  exit: 33,
  signal: null,
  complaints: [],
  tripleFault: false,
  tripleFaultsLogged: false,
  inKernel: false,
  samples: [],
  nameOf: (address) => (address === kernelCpu.rip ? 'idle+0x2' : undefined),
  throughFirmware: false,
  serial: said,
  harvest: whole,
  tests: noTests,
  ...change,
});
const failedTests = {
  ...noTests,
  summary: { passed: 1, failed: 1, skipped: 0, failures: ['mm/a'] },
  seen: true,
};
const panicked = { ...said, panic: 'PANIC: page fault' };
const silence = { cause: 'silence', seconds: 10 } as const;
const limit = { cause: 'time-limit', seconds: 60 } as const;
const quiet = { ...said, bytes: 0, frames: 0 };
const event = (reason: string) => ({ stop: { cause: 'event', reason } as const, exit: 0 });

const cases: readonly [(typeof bootEnds)[number], string, Partial<BootFacts>, RegExp][] = [
  ['passed', 'exit code, end record and tests agree', {}, /nothing lost/],
  ['passed', 'power off with a whole stream', event('guest-shutdown'), /nothing lost/],
  ['failed', 'a test failed', { exit: 35, tests: failedTests }, /1 test failed: mm\/a/],
  ['failed', 'a test failed, whatever the exit code', { tests: failedTests }, /1 test failed/],
  ['failed', 'the exit code says it, no test does', { exit: 35 }, /exit code of a failed test/],
  [
    'failed',
    'a test failed and records are lost',
    { exit: 35, tests: failedTests, harvest: nothing },
    /1 test/,
  ],
  ['failed', 'an exit code that nobody knows', { exit: 99 }, /exit code 99/],
  ['failed', 'the guest wrote 0 to the exit port', { exit: 1 }, /exit code 1/],
  ['panic', 'the line and the exit code', { exit: 37, serial: panicked }, /PANIC: page fault/],
  ['panic', 'the exit code alone', { exit: 37 }, /exit code of a panic/],
  ['panic', 'the line, and then a claim of success', { serial: panicked }, /PANIC/],
  ['panic', 'the line, and then a reset', { ...event('guest-reset'), serial: panicked }, /PANIC/],
  ['panic', 'the panic device', event('guest-panic'), /told QEMU/],
  [
    'reset',
    'an empty IDT is no triple fault where those are logged',
    { ...event('guest-reset'), tripleFaultsLogged: true, samples: [[{ ...kernelCpu, idtLimit: 0 }]] },
    /asked for a reset/,
  ],
  [
    'spin',
    'a kernel at low addresses is no boot loader, when its own code runs',
    {
      ...{
        stop: { cause: 'dead-loop' },
        exit: null,
        throughFirmware: true,
        inKernel: true,
        harvest: nothing,
      },
      samples: [[{ ...kernelCpu, rip: 0x100040n, paging: false }]],
    },
    /can never end/,
  ],
  [
    'halt',
    'no interrupt can come',
    { stop: { cause: 'dead-wait' }, exit: null, samples: [[idle]] },
    /all are masked/,
  ],
  [
    'spin',
    'no new state for long',
    { stop: { cause: 'frozen', seconds: 2 }, exit: null, samples: [[kernelCpu]], harvest: nothing },
    /unchanged for 2 s/,
  ],
  [
    'reset',
    'triple fault',
    { ...event('guest-reset'), tripleFault: true, samples: [[kernelCpu]] },
    /triple fault at 0xf/,
  ],
  [
    'reset',
    'a reset that was asked for',
    { ...event('guest-reset'), samples: [[kernelCpu]] },
    /asked for a reset/,
  ],
  [
    'reset',
    'an empty IDT, where no log tells',
    { ...event('guest-reset'), samples: [[{ ...kernelCpu, idtLimit: 0 }]] },
    /empty IDT/,
  ],
  ['reset', 'a reset after a whole run', { ...event('guest-reset') }, /reset/],
  [
    'halt',
    'dead halt',
    { stop: { cause: 'dead-halt' }, exit: 0, samples: [[halted]] },
    /halted for ever at 0xf\w+ \(idle\+0x2\) with interrupts off/,
  ],
  [
    'halt',
    'dead halt behind the end record',
    { stop: { cause: 'dead-halt' }, samples: [[halted]] },
    /after its end record/,
  ],
  [
    'spin',
    'a jump to itself',
    { stop: { cause: 'dead-loop' }, samples: [[kernelCpu], [kernelCpu]] },
    /one place/,
  ],
  [
    'spin',
    'silence within a few instructions',
    { stop: silence, samples: [[kernelCpu], [moved(4n)]] },
    /one place/,
  ],
  [
    'spin',
    'the time limit',
    { stop: limit, samples: [[kernelCpu], [moved(400n)]] },
    /still running after 60 s/,
  ],
  [
    'stalled',
    'silence, the CPU all over the place',
    { stop: silence, samples: [[kernelCpu], [moved(400n)]] },
    /nothing more for 10 s.*CPU runs/,
  ],
  [
    'stalled',
    'silence, waiting for an interrupt',
    { stop: silence, samples: [[idle]] },
    /waits for an interrupt/,
  ],
  ['qemu-error', 'QEMU hangs', { stop: silence, samples: [] }, /hangs.*10 s/],
  [
    'qemu-error',
    'QEMU would not run it',
    { stop: { cause: 'refused', why: 'no' }, signal: 'SIGTERM' },
    /would not run.*no/,
  ],
  [
    'silent',
    'not one byte',
    { stop: silence, serial: quiet, harvest: nothing, samples: [[moved(9n)], [moved(900n)]] },
    /nothing at all/,
  ],
  [
    'silent',
    'not one byte, and a jump to itself',
    { stop: { cause: 'dead-loop' }, serial: quiet, harvest: nothing, samples: [[kernelCpu]] },
    /nothing at all.*CPU runs at/,
  ],
  [
    'firmware',
    'an ISO that does not boot',
    {
      stop: silence,
      serial: quiet,
      harvest: nothing,
      throughFirmware: true,
      samples: [[biosCpu], [biosCpu]],
    },
    /never left/,
  ],
  [
    'firmware',
    'a boot loader that waits',
    { stop: silence, harvest: nothing, throughFirmware: true, samples: [[biosCpu], [biosCpu]] },
    /never left/,
  ],
  ['flood', 'too many bytes', { stop: { cause: 'flood', what: '4 MiB' }, exit: 0 }, /more than 4 MiB/],
  [
    'early',
    'success without an end record',
    { harvest: { ...whole, ended: false } },
    /without its end record/,
  ],
  ['early', 'success without a word', { harvest: nothing, serial: quiet }, /without its end record/],
  [
    'incomplete',
    'a record is lost',
    { harvest: { ...whole, missing: [3], missingCount: 1, defects: ['1 record is missing: 3'] } },
    /missing: 3/,
  ],
  [
    'incomplete',
    'the end record is damaged',
    { harvest: { ...whole, ended: false, refused: ['frame: wrong CRC'] } },
    /end record is missing/,
  ],
  [
    'incomplete',
    'tests are lost',
    { tests: { ...noTests, problems: ['mm: 3 planned, 2 reported'] } },
    /3 planned, 2 reported/,
  ],
  [
    'qemu-error',
    'a wrong option',
    { started: false, exit: 1, complaints: ['unable to find CPU model'] },
    /unable to find CPU/,
  ],
  [
    'qemu-error',
    'QEMU gives up in the middle',
    { exit: 1, complaints: ['I/O error'] },
    /gave up: I\/O error/,
  ],
  ['qemu-error', 'QEMU crashes', { exit: null, signal: 'SIGSEGV' }, /crashed with SIGSEGV/],
  [
    'budget',
    'a guest that used up its instructions',
    {
      stop: { cause: 'budget', instructions: 5000, address: kernelCpu.rip },
      samples: [[kernelCpu]],
      exit: null,
      signal: 'SIGKILL',
    },
    /behind 5000 instructions at 0x[0-9a-f]+ \(idle\+0x2\)/,
  ],
  ['killed', 'KILL', { exit: null, signal: 'SIGKILL' }, /SIGKILL/],
  ['killed', 'KILL before the guest ran', { started: false, exit: null, signal: 'SIGKILL' }, /SIGKILL/],
  ['killed', 'TERM, which QEMU tells', event('host-signal'), /signal from outside/],
  ['killed', 'an end that nobody asked for', { exit: 0 }, /neither the guest nor SynOS/],
];

describe('a boot is', () => {
  test.each(cases)('%s: %s', (end, _name, change, reason) => {
    const verdict = judge(facts(change));
    expect(verdict.end).toBe(end);
    expect(verdict.reason).toMatch(reason);
    expect(verdict.evidence.length).toBeGreaterThan(0);
  });

  test('nothing that no case above shows', () => {
    expect([...new Set(cases.map(([end]) => end))].sort()).toEqual([...bootEnds].sort());
  });
});

test('no change of a single sign turns a lost record into a pass', () => {
  const lost = { ...whole, defects: ['1 record is missing: 3'], missing: [3], missingCount: 1 };
  for (const [, , change] of cases) {
    if (change.harvest === undefined)
      expect(judge(facts({ ...change, harvest: lost })).end).not.toBe('passed');
  }
});
