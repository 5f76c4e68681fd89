// Faults done to a running guest over QMP, each at its time; what became of each is part of the outcome. Loaded only where there are any.
import { setTimeout as sleep } from 'node:timers/promises';
import { nowMs } from '../core/clock.ts';
import type { FaultOutcome } from '../core/outcome.ts';
import { visibleUpTo } from '../core/text.ts';
import type { MachineOptions } from './options.ts';

type Fault = MachineOptions['faults'][number];

/** Gives QEMU a command; rejects with its own words when it would not do it. */
export type Order = (command: string, args?: { readonly [key: string]: unknown }) => Promise<unknown>;

export type Faults = {
  /** A line of the serial port, escaped. */
  line(text: string): void;
  /** A fault has its time set, or is under way: that a guest is silent or goes round in one place proves nothing yet. */
  readonly coming: boolean;
  /** No fault comes any more; one for each of the list, in its order. */
  end(): readonly FaultOutcome[];
};

/** Time runs from now on. */
export function startFaults(faults: readonly Fault[], exact: boolean, order: Order): Faults {
  const begun = nowMs();
  const state = { striking: 0, over: false };
  const outcomes: FaultOutcome[] = faults.map(({ kind }) => ({
    kind,
    atMs: null,
    done: false,
    why: 'the boot was over before its time',
  }));
  let last = Promise.resolve();
  const timers = new Set<NodeJS.Timeout>();
  const waiting = new Map<number, string>();

  const strike = async (i: number, fault: Fault): Promise<void> => {
    const atMs = Math.round(nowMs() - begun);
    const { kind } = fault;
    try {
      if (state.over) return;
      await strikes[kind](fault as never, { order, exact, state, index: i });
      outcomes[i] = { kind, atMs, done: true, why: null };
    } catch (error) {
      const why = visibleUpTo(error instanceof Error ? error.message : String(error), 300);
      outcomes[i] = { kind, atMs, done: false, why };
    } finally {
      state.striking--;
    }
  };
  const arm = (i: number, fault: Fault): void => {
    if (state.over) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      state.striking++;
      // One after another: each finds the machine as the one before left it.
      last = last.then(() => strike(i, fault));
    }, faultMs(fault.at));
    timers.add(timer);
  };
  for (const [i, fault] of faults.entries()) {
    if (fault.after === null) arm(i, fault);
    else {
      waiting.set(i, fault.after);
      outcomes[i] = {
        kind: fault.kind,
        atMs: null,
        done: false,
        why: 'the line that it waits for never came',
      };
    }
  }
  return {
    line(text) {
      for (const [i, wanted] of waiting) {
        const fault = faults[i];
        if (!fault || !text.includes(wanted)) continue;
        waiting.delete(i);
        outcomes[i] = { kind: fault.kind, atMs: null, done: false, why: 'the boot was over before its time' };
        arm(i, fault);
      }
    },
    get coming() {
      return !state.over && (timers.size > 0 || state.striking > 0);
    },
    end() {
      state.over = true;
      for (const timer of timers) clearTimeout(timer);
      return outcomes;
    },
  };
}

export function faultMs(text: string): number {
  return Math.round(Number.parseFloat(text) * (text.endsWith('ms') ? 1 : 1000));
}

type Means = {
  readonly order: Order;
  readonly exact: boolean;
  readonly state: { readonly over: boolean };
  /** The place of the fault in the list, for names of its own. */
  readonly index: number;
};

type Of<K extends Fault['kind']> = Extract<Fault, { kind: K }>;

const strikes: { readonly [K in Fault['kind']]: (fault: Of<K>, means: Means) => Promise<unknown> } = {
  nmi: (_, { order }) => order('inject-nmi'),
  'power-button': (_, { order }) => order('system_powerdown'),
  'link-down': (_, { order }) => order('set_link', { name: 'net', up: false }),
  'link-up': (_, { order }) => order('set_link', { name: 'net', up: true }),
  'memory-limit': ({ memoryMib }, { order }) => order('balloon', { value: memoryMib * 2 ** 20 }),
  'cpu-plug': (_, means) => plugCpu(means),
  'cpu-unplug': (_, means) => unplugCpu(means),
  'clock-jump': ({ seconds }, means) => jumpClock(seconds, means),
  'disk-error': (fault, means) => breakDisk(fault, means),
};

type Slot = {
  readonly type: string;
  readonly props: { readonly [name: string]: number };
  readonly 'qom-path'?: string;
};

// QEMU lists the last place first.
async function slots(order: Order): Promise<Slot[]> {
  return ((await order('query-hotpluggable-cpus')) as Slot[]).toReversed();
}

async function plugCpu({ order, index }: Means): Promise<void> {
  const free = (await slots(order)).find((slot) => slot['qom-path'] === undefined);
  if (!free) throw new Error('all CPUs that there may be are there');
  await order('device_add', { driver: free.type, id: `plugged${index}`, ...free.props });
}

// Asks the guest, which may say no; the first CPU always stays.
async function unplugCpu({ order }: Means): Promise<void> {
  const there = (await slots(order)).filter((slot) => slot['qom-path'] !== undefined);
  const last = there.at(-1)?.['qom-path'];
  if (there.length < 2 || last === undefined) throw new Error('the guest has one CPU, which stays');
  await order('device_del', { id: last });
}

// A guest that stands still does not see time pass, but the clock of its board goes on.
async function jumpClock(seconds: number, { order, exact, state }: Means): Promise<void> {
  if (exact) throw new Error('an exact run has no clock beside the guest');
  await order('stop');
  for (let left = seconds * 1000; left > 0 && !state.over; left -= 100) await sleep(Math.min(left, 100));
  if (!state.over) await order('cont');
}

// A node that fails what it is asked, put between the device and its disk while both run.
async function breakDisk(fault: Of<'disk-error'>, { order, index }: Means): Promise<void> {
  const disk = fault.disk === 'boot' ? 'disk' : `disk${fault.disk}`;
  const device = { path: `/machine/peripheral/${disk}-device`, property: 'drive' };
  const below = await order('qom-get', device);
  const rule = {
    event: 'none',
    iotype: fault.operation,
    errno: 5, // EIO
    once: fault.once,
    ...(fault.sector === null ? {} : { sector: fault.sector }),
  };
  const node = `fault${index}`;
  await order('blockdev-add', {
    'node-name': node,
    driver: 'blkdebug',
    image: below,
    'inject-error': [rule],
  });
  await order('qom-set', { ...device, value: node });
}
