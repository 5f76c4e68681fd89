// A running QEMU as its watcher sees it: how it is started, asked, looked into, and ended.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import type { Command, Finished, Running } from '../core/exec.ts';
import { visibleUpTo } from '../core/text.ts';
import type { Stop } from './evidence.ts';
import type { Seen } from './last/seen.ts';
import type { Proof, Prover } from './proof/prove.ts';
import { openQmp, type Qmp, type QmpEvent, QmpRefusal } from './qmp.ts';
import { type CpuState, parseRegisters } from './registers.ts';

export type Guest = {
  /** Sets it running; QEMU may still be busy with its own start. */
  go(): void;
  /** Resolves when QEMU has made everything and answers, or is gone. */
  ready(): Promise<void>;
  /** QEMU's own version text; 'unknown' when it never greeted. */
  version(): string;
  /** The guest was set running. */
  started(): boolean;
  /** What ended it, as far as it did so by itself. */
  ended(): Stop | undefined;
  registers(): Promise<readonly CpuState[]>;
  /** Registers three times over a tenth of a second, consistent ones: the guest is stopped for each look. */
  samples(): Promise<readonly (readonly CpuState[])[]>;
  prove(attempt: number): Promise<Proof | undefined>;
  /** What a guest that stands still is seen at; undefined when that cannot be told in a few seconds. */
  lookAround(cpus: readonly CpuState[], symbols: string | undefined): Promise<Seen | undefined>;
  /** Leaves `files.memory` in the folder; else why not. */
  dump(work: string, memoryMib: number): Promise<string | undefined>;
  /** Registers once; the guest stands still from then on. */
  still(): Promise<readonly (readonly CpuState[])[]>;
  /** Gives QEMU a command; rejects with its words when it would not do it. */
  order: Qmp['execute'];
  /** Stops the guest, and writes the machine's state to a file; why it could not, or undefined. */
  save(target: string): Promise<string | undefined>;
  /** Whether a debugger is connected. */
  debugged(): Promise<boolean>;
  cpuMs(): number;
  pause(ms: number): Promise<void>;
  /** Wakes a pause. */
  wake(): void;
  /** Quit over QMP, then TERM, then KILL; resolves when QEMU is gone. */
  finish(): Promise<Finished>;
};

type Start = (command: Command) => Promise<Running>;

/** A monitor that does not answer for so long belongs to a QEMU that hangs; one that was stopped is not waited for. */
const hangMs = 15_000;
const answerMs = 1000;
/** A proof is many questions; on a loaded host they take their time. */
const proofMs = 5000;
/** Of which addr2line may take most, on a large kernel. */
const lookMs = 15_000;
/** From the promise to quit to the end of the process, and from TERM to KILL. */
const quitMs = 1000;
const termMs = 1000;
const sampleGapMs = 40;

export type Ways = {
  readonly budget?: number | null | undefined;
  /** It starts from a state that QEMU has to read first. */
  readonly from?: boolean;
};

/** Starts QEMU with its machine paused; with a budget its arguments name the plugin that holds it there. Rejects as Running's start does. */
export async function startGuest(command: Command, start: Start, ways: Ways = {}): Promise<Guest> {
  const running = await start({ ...command, channel: true, sideChannel: ways.budget != null });
  if (!running.channel) throw new TypeError('QEMU was started without its channel');
  const state = { started: false, stop: undefined as Stop | undefined };
  const sleep = sleeper();
  const end = (stop: Stop): void => {
    state.stop ??= stop;
    sleep.wake();
  };
  const qmp = openQmp(running.channel, (event) => {
    if (event.event === 'RESUME') state.started = true;
    const reason = endOf(event);
    if (reason !== undefined) end({ cause: 'event', reason });
  });
  void running.ended.then(() => end({ cause: 'exit' }));
  if (running.sideChannel) {
    const { holdAtBudget } = await import('./budget/hold.ts');
    holdAtBudget(running.sideChannel, qmp, ways.budget ?? 0, end);
  }

  const cpu = cpuClock(running.pid);
  const look = looks(qmp, { pid: running.pid, ready: () => state.started });
  return {
    go() {
      const loaded = ways.from
        ? import('./snapshot/state.ts').then(({ whenLoaded }) => whenLoaded(qmp))
        : Promise.resolve();
      loaded
        .then(() => qmp.execute('cont'))
        .catch((error: unknown) => {
          // A socket that closed belongs to a QEMU that is gone; its exit code and its words say why.
          if (error instanceof QmpRefusal) end({ cause: 'refused', why: visibleUpTo(error.message, 400) });
        });
    },
    ready: () => qmp.ready.catch(() => {}),
    version: qmp.version,
    started: () => state.started,
    ended: () => state.stop,
    registers: look.registers,
    samples: look.samples,
    prove: look.prove,
    still: look.still,
    order: qmp.execute,
    lookAround: (cpus, symbols) => look.around(cpus, symbols, start),
    dump: look.dump,
    debugged: look.debugged,
    save: (target) =>
      import('./snapshot/state.ts')
        .then(({ saveState }) => saveState(qmp, command.cwd ?? '.', target))
        .catch((error: unknown) => visibleUpTo(String(error), 400)),
    cpuMs: cpu.ms,
    pause: sleep.pause,
    wake: sleep.wake,
    async finish() {
      // Its CPU never comes back from the plugin, and QEMU would wait for that.
      if (state.stop?.cause === 'budget') await running.end(0);
      if (state.stop?.cause !== 'exit' && (await look.quit()) !== undefined)
        await within(
          quitMs,
          running.ended.then(() => undefined),
          () => undefined,
        );
      await running.end(termMs);
      cpu.close();
      return running.ended;
    },
  };
}

function endOf(event: QmpEvent): string | undefined {
  if (event.event === 'GUEST_PANICKED') return 'guest-panic';
  if (event.event === 'WATCHDOG') return 'watchdog';
  if (event.event !== 'SHUTDOWN') return undefined;
  const reason = String(event.data.reason ?? 'unknown');
  return /^[a-z-]{1,40}$/.test(reason) ? reason : 'unknown';
}

// The ways to look into a guest. A QEMU that was found to hang is not asked again. Nor is one that still starts, which on a loaded host takes
// seconds: silence there is no sign of anything.
function looks(qmp: Qmp, process: { readonly pid: number; ready(): boolean }) {
  let late = false;
  // Few guests ever need it.
  let proving: Promise<Prover> | undefined;
  const ask = async <T>(question: () => Promise<T>, substitute: T): Promise<T> => {
    if (late || !process.ready()) return substitute;
    const answer = question().catch(() => substitute);
    for (let waited = 0; waited < hangMs && !late; waited += answerMs) {
      const came = await within(
        answerMs,
        answer.then((value) => ({ value })),
        () => undefined,
      );
      if (came) return came.value;
      late = standsStill(process.pid);
    }
    late = true;
    return substitute;
  };
  const registers = async (): Promise<readonly CpuState[]> =>
    parseRegisters(await ask(() => qmp.monitor('info registers -a'), ''));
  const order = (command: string): Promise<unknown> => ask(() => qmp.execute(command), undefined);
  return {
    registers,
    async samples() {
      const taken: (readonly CpuState[])[] = [];
      for (let i = 0; i < 3 && !late; i++) {
        if (i > 0) {
          await order('cont');
          await new Promise((resolve) => setTimeout(resolve, sampleGapMs));
        }
        await order('stop');
        taken.push(await registers());
      }
      return taken.filter((cpus) => cpus.length > 0);
    },
    async still() {
      await order('stop');
      const cpus = await registers();
      return cpus.length > 0 ? [cpus] : [];
    },
    async around(cpus: readonly CpuState[], symbols: string | undefined, start: Start) {
      const work = import('./last/seen.ts').then(({ lookAround }) =>
        lookAround(cpus, { qmp, symbols, start }),
      );
      return late
        ? undefined
        : within(
            lookMs,
            work.catch(() => undefined),
            () => undefined,
          );
    },
    async dump(work: string, memoryMib: number) {
      const { dumpMemory, dumpMs } = await import('./dump.ts');
      const late = 'no memory dump: QEMU took too long for it';
      return within(dumpMs(memoryMib), dumpMemory(qmp, work, memoryMib), () => late);
    },
    prove: async (attempt: number) => {
      proving ??= import('./proof/prove.ts').then(({ prover }) => prover(qmp));
      const proof = proving.then((it) => it.prove(attempt)).catch(() => undefined);
      return late ? undefined : within(proofMs, proof, () => undefined);
    },
    async debugged() {
      const devices = (await ask(() => qmp.execute('query-chardev'), [])) as {
        label: string;
        filename: string;
      }[];
      return devices.some(({ label, filename }) => label === 'gdb' && !filename.startsWith('disconnected:'));
    },
    /** Asks QEMU to go; resolves when it said that it will, or will not answer. */
    quit: () => order('quit'),
  };
}

// The work's value, or what stands for it when it takes too long. The work must not reject.
async function within<T>(ms: number, work: Promise<T>, late: () => T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(late()), ms);
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
}

// One pause at a time, that can be cut short. A wake before the pause makes the next one return at once.
function sleeper() {
  let wakeUp: (() => void) | undefined;
  let woken = false;
  return {
    pause: (ms: number): Promise<void> =>
      new Promise<void>((resolve) => {
        if (woken) {
          woken = false;
          return resolve();
        }
        const timer = setTimeout(resolve, ms);
        wakeUp = () => {
          clearTimeout(timer);
          resolve();
        };
      }).then(() => {
        wakeUp = undefined;
      }),
    wake(): void {
      if (wakeUp) wakeUp();
      else woken = true;
    },
  };
}

/** Stopped by a signal or a debugger, dead, or gone. */
function standsStill(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return /^[TtZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return true;
  }
}

/**
 * User and system time of a process from /proc, whose clock has 100 ticks a second on every Linux; 0 when it is gone. Asked several times a second:
 * the file stays open.
 */
function cpuClock(pid: number): { ms(): number; close(): void } {
  const bytes = Buffer.allocUnsafe(1024);
  let file: number | undefined;
  return {
    ms() {
      try {
        file ??= openSync(`/proc/${pid}/stat`, 'r');
        const stat = bytes.toString('latin1', 0, readSync(file, bytes, 0, bytes.length, 0));
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ', 13);
        return (Number(fields[11]) + Number(fields[12])) * 10;
      } catch {
        return 0;
      }
    },
    close() {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}
