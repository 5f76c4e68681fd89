// Proves that a silent guest can never do anything else: every CPU sleeps for ever or goes round in a closed loop, and nothing from outside
// can reach it. The guest is stopped for two looks; the second must find what the first says.
import { nowMs } from '../../core/clock.ts';
import type { Qmp } from '../qmp.ts';
import { type CpuState, parseRegisters } from '../registers.ts';
import { type GuestMemory, guestMemory } from './guest-memory.ts';
import { type Loop, loopSearch } from './loop.ts';
import { MemoryMissing } from './machine.ts';
import { type Chips, canWriteMemory, driveRequests, isDeaf } from './outside.ts';

export type Proof = 'halt' | 'spin';

/** A drive that had nothing to answer for so long is not what a loop over memory waits for. */
const driveQuietMs = 1500;
/** Between the two looks. */
const gapMs = 30;
/** Pieces of memory and steps that a search may take: four times as many at each attempt of one silence. Most silences end before the second. */
const blocks = { fewest: 8, most: 64 };
const steps = { fewest: 512, most: 8192 };

type Budget = { readonly blocks: number; readonly steps: number };

export type Prover = {
  /** `attempt`: 0 for the first of a silence, then 1, 2 and so on. */
  prove(attempt: number): Promise<Proof | undefined>;
};

export function prover(qmp: Pick<Qmp, 'execute' | 'monitor'>): Prover {
  const drives = { requests: -1, since: nowMs() };
  let devices: string | undefined;

  const chips = async (): Promise<Chips> => {
    devices ??= await deviceList(qmp);
    return { devices, pic: await qmp.monitor('info pic') };
  };
  const drivesQuiet = async (): Promise<boolean> => {
    const requests = driveRequests(await qmp.execute('query-blockstats'));
    if (requests === undefined) return true;
    if (requests !== drives.requests) Object.assign(drives, { requests, since: nowMs() });
    return nowMs() - drives.since >= driveQuietMs;
  };
  const stand = async (budget: Budget): Promise<Standing | undefined> => {
    const around = await chips();
    const mayUseMemory = (await drivesQuiet()) && !canWriteMemory(around);
    return standing(qmp, around, budget, mayUseMemory);
  };
  return {
    async prove(attempt) {
      try {
        const before = await whileStopped(qmp, () => stand(budgetOf(attempt)));
        if (before === undefined) return undefined;
        await new Promise((resolve) => setTimeout(resolve, gapMs));
        const after = await whileStopped(qmp, async () => readCpus(qmp));
        return after !== undefined && stillThere(before, after) ? before.proof : undefined;
      } catch {
        return undefined; // QEMU is going: its end tells more
      }
    },
  };
}

function budgetOf(attempt: number): Budget {
  const grown = ({ fewest, most }: typeof steps) => Math.min(most, fewest * 4 ** attempt);
  return { blocks: grown(blocks), steps: grown(steps) };
}

async function deviceList(qmp: Pick<Qmp, 'monitor'>): Promise<string> {
  const pci = await qmp.monitor('info pci');
  return /PCI device/.test(pci) ? pci : qmp.monitor('info qtree');
}

const readCpus = async (qmp: Pick<Qmp, 'monitor'>): Promise<readonly CpuState[]> =>
  parseRegisters(await qmp.monitor('info registers -a'));

// A guest that somebody else stopped, as a debugger does, is left alone.
async function whileStopped<T>(
  qmp: Pick<Qmp, 'execute'>,
  work: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const status = (await qmp.execute('query-status')) as { running?: unknown };
  if (status.running !== true) return undefined;
  await qmp.execute('stop');
  try {
    return await work();
  } finally {
    await qmp.execute('cont');
  }
}

/** What each CPU is in: undefined for one that sleeps. */
type Standing = { readonly proof: Proof; readonly loops: readonly (Loop | undefined)[] };

async function standing(
  qmp: Pick<Qmp, 'monitor'>,
  chips: Chips,
  budget: Budget,
  mayUseMemory: boolean,
): Promise<Standing | undefined> {
  const loops: (Loop | undefined)[] = [];
  for (const [index, cpu] of (await readCpus(qmp)).entries()) {
    const deaf = isDeaf(await qmp.monitor('info lapic', index), chips);
    const asleep = sleeps(cpu) && (deaf || !cpu.interrupts);
    const loop = asleep ? undefined : await follow(cpu, deaf, guestMemory(qmp, index), budget);
    if (!asleep && (!loop || (loop.memory && !mayUseMemory))) return undefined;
    loops.push(loop);
  }
  if (loops.length === 0) return undefined;
  return { proof: loops.some((loop) => loop) ? 'spin' : 'halt', loops };
}

const sleeps = (cpu: CpuState): boolean => cpu.halted || cpu.parked;

async function follow(
  cpu: CpuState,
  deaf: boolean,
  memory: GuestMemory,
  budget: Budget,
): Promise<Loop | undefined> {
  if (cpu.halted || !cpu.all) return undefined;
  const search = loopSearch(cpu.all, deaf, memory.read, budget.steps);
  for (let fetched = 0; fetched < budget.blocks; fetched++) {
    try {
      return search();
    } catch (error) {
      if (!(error instanceof MemoryMissing)) throw error;
      await memory.fetch(error.address);
    }
  }
  return undefined;
}

function stillThere({ loops }: Standing, cpus: readonly CpuState[]): boolean {
  return (
    cpus.length === loops.length &&
    cpus.every((cpu, index) => {
      const loop = loops[index];
      return loop === undefined ? sleeps(cpu) : cpu.all !== undefined && loop.holds(cpu.all);
    })
  );
}
