// The watcher: what it tells at once, what it waits for, and that a guest which was not let run is not called silent.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { nowMs } from '../core/clock.ts';
import { type CpuState, parseRegisters } from './registers.ts';
import { type Watched, watchGuest } from './watch.ts';

const cpu = (state: Partial<CpuState>): CpuState => ({
  rip: 0xffffffff80000000n,
  interrupts: true,
  halted: false,
  protectedMode: true,
  paging: true,
  longMode: true,
  idtLimit: 1,
  parked: false,
  ...state,
});

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'hrtime'] }));
afterEach(() => void vi.useRealTimers());

/** A guest that does nothing. */
function guest(
  change: Partial<Omit<Watched, 'serial'>> & { bytes?: number; frames?: number; panic?: string },
): Watched {
  const { bytes = 0, frames = 0, panic } = change;
  return {
    limits: { serialMib: 1, records: 10 },
    patience: { seconds: 2, silenceSeconds: 1, spinSeconds: 60, firstByteSeconds: 0.2 },
    poll: () => 0,
    wakes: false,
    serial: () => ({ bytes, frames, panic }),
    ended: () => undefined,
    registers: async () => [cpu({})],
    prove: async () => undefined,
    cpuMs: () => 0,
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    ...change,
  };
}
const timed = async (watched: Watched) => {
  const begun = nowMs();
  let ms: number | undefined;
  const stopped = watchGuest(watched).finally(() => {
    ms = nowMs() - begun;
  });
  while (ms === undefined) await vi.advanceTimersByTimeAsync(5);
  return { stop: await stopped, ms };
};

test('an end is told at once, whatever else there is to see', async () => {
  const stop = { cause: 'event', reason: 'guest-reset' } as const;
  const { stop: told, ms } = await timed(guest({ ended: () => stop, bytes: 2 ** 30 }));
  expect(told).toBe(stop);
  expect(ms).toBeLessThan(50);
});

test('a flood of bytes or records ends the guest at once', async () => {
  expect((await timed(guest({ bytes: 2 ** 20 + 1 }))).stop).toEqual({ cause: 'flood', what: '1 MiB' });
  expect((await timed(guest({ frames: 11 }))).stop).toEqual({ cause: 'flood', what: '10 records' });
});

test('a panic is told when nothing more follows', async () => {
  let left = 5;
  const poll = (): number => (left-- > 0 ? 10 : 0);
  const { stop, ms } = await timed(guest({ panic: 'PANIC', poll, bytes: 10 }));
  expect(stop).toEqual({ cause: 'panic-line' });
  expect(ms).toBeGreaterThan(1000);
  expect(ms).toBeLessThan(1600);
});

test('a dead halt needs two looks, and is told long before the silence is over', async () => {
  let looks = 0;
  const registers = async () => {
    looks++;
    return [cpu({ halted: true, interrupts: false })];
  };
  const patience = { seconds: 60, silenceSeconds: 60, spinSeconds: 60, firstByteSeconds: 60 };
  const { stop, ms } = await timed(guest({ registers, patience }));
  expect(stop).toEqual({ cause: 'dead-halt' });
  expect(looks).toBe(2);
  expect(ms).toBeLessThan(450);
});

const patient = { seconds: 2, silenceSeconds: 60, spinSeconds: 60, firstByteSeconds: 60 };

test('a loop that is proved is told long before the silence is over', async () => {
  const { stop, ms } = await timed(guest({ prove: async () => 'spin', patience: patient }));
  expect(stop).toEqual({ cause: 'dead-loop' });
  expect(ms).toBeLessThan(600);
  const sleeping = async () => [cpu({ halted: true })];
  const waits = guest({ prove: async () => 'halt', registers: sleeping, patience: patient });
  expect((await timed(waits)).stop).toEqual({ cause: 'dead-wait' });
});

test('a guest that moves on is not stopped for a proof, and one that stays only now and then', async () => {
  const attempts: number[] = [];
  const prove = async (attempt: number) => {
    attempts.push(attempt);
    return undefined;
  };
  let rip = 0n;
  const registers = async () => {
    rip += 0x20000n;
    return [cpu({ interrupts: false, rip })];
  };
  expect((await timed(guest({ registers, prove, patience: patient }))).stop.cause).toBe('time-limit');
  expect(attempts).toEqual([]);
  // What it says after 5 s ends one silence.
  let polls = 0;
  const begun = nowMs();
  const poll = (): number => (nowMs() - begun > 5000 && polls++ === 0 ? 10 : 0);
  await timed(guest({ prove, poll, patience: { ...patient, seconds: 10 } }));
  expect(attempts.length).toBeGreaterThan(8);
  expect(attempts.length).toBeLessThan(16);
  const second = attempts.lastIndexOf(0);
  expect(second).toBeGreaterThan(2);
  const counted = (from: number, to: number): number[] => attempts.slice(from, to).map((_, index) => index);
  expect(attempts).toEqual([...counted(0, second), ...counted(second, attempts.length)]);
});

test('states that come again for spinSeconds are a spin when the guest had the CPU', async () => {
  const patience = { ...patient, seconds: 20, spinSeconds: 3 };
  let used = 0;
  const { stop, ms } = await timed(guest({ patience, cpuMs: () => (used += 150) }));
  expect(stop).toEqual({ cause: 'frozen', seconds: 3 });
  expect(ms).toBeLessThan(5500);
  expect((await timed(guest({ patience }))).stop.cause).toBe('time-limit');
  let rip = 0n;
  const registers = async () => [cpu({ rip: rip++ })];
  expect((await timed(guest({ patience, registers, cpuMs: () => (used += 150) }))).stop.cause).toBe(
    'time-limit',
  );
});

test('silence counts when the guest had the CPU', async () => {
  let used = 0;
  const { stop, ms } = await timed(guest({ cpuMs: () => (used += 100) }));
  expect(stop).toEqual({ cause: 'silence', seconds: 0 });
  expect(ms).toBeLessThan(600);
});

test('silence counts when the guest waits for an interrupt', async () => {
  const { stop } = await timed(guest({ registers: async () => [cpu({ halted: true })] }));
  expect(stop.cause).toBe('silence');
});

test('a guest that was not let run is waited for until its time limit', async () => {
  const { stop } = await timed(guest({ cpuMs: () => 0 }));
  expect(stop).toEqual({ cause: 'time-limit', seconds: 2 });
});

test('a QEMU that does not answer is no proof of anything', async () => {
  const { stop } = await timed(guest({ registers: async () => parseRegisters('') }));
  expect(stop.cause).toBe('time-limit');
});

test('the serial port is not polled more often than every 20 ms', async () => {
  let polls = 0;
  const poll = (): number => {
    polls++;
    return 1;
  };
  const patience = { seconds: 1, silenceSeconds: 60, spinSeconds: 60, firstByteSeconds: 60 };
  await timed(guest({ poll, patience }));
  expect(polls).toBeLessThanOrEqual(52);
});

test('a first byte that tells of itself is not asked for, and what comes with it is looked for soon', async () => {
  const waits: number[] = [];
  const state = { bytes: 0, frames: 0, panic: undefined };
  const pause = async (ms: number): Promise<void> => {
    waits.push(ms);
    if (waits.length === 2) state.bytes = 10;
    if (waits.length === 4) state.frames = 1;
    await new Promise((resolve) => setTimeout(resolve, 1));
  };
  const ended = () => (waits.length === 5 ? ({ cause: 'exit' } as const) : undefined);
  await timed({ ...guest({ pause, ended }), wakes: true, serial: () => state });
  expect(waits).toEqual([100, 100, 3, 20, 200]);
});
