// Whether a CPU can ever leave the loop that it is in. Two ways to know: its whole state, memory included, comes again (then it does so for
// ever, as long as nothing from outside changes it), or no path from here leads out, whatever the registers hold.
import type { Registers } from '../cpu-dump.ts';
import { decode, type Instruction } from './decode.ts';
import { interruptFlag, type Machine, machine, type ReadMemory, Unprovable } from './machine.ts';
import { step } from './step.ts';

export type Loop = {
  /** Whether it reads or writes memory, that a device may change. */
  readonly memory: boolean;
  /** Whether this CPU, seen later, is where the loop says that it must be. */
  holds(later: Registers): boolean;
};

const trapFlag = 1n << 8n;
const arithmetic = 0x8d5n;
const mostClosed = 512;

/** Undefined: nothing is proved. Throws MemoryMissing for memory that is not at hand yet; called again when it is, it goes on there. */
export type Search = () => Loop | undefined;

/** `deaf`: no interrupt can reach this CPU, even with interrupts on. `memory` must not change while it searches. */
export function loopSearch(from: Registers, deaf: boolean, memory: ReadMemory, steps: number): Search {
  if ((from.flags & trapFlag) !== 0n) return () => undefined;
  const code = fetcher(from, memory);
  const recurs = recurring(from, deaf, memory, code, steps);
  let left = false; // no state came again
  return () => {
    try {
      const found = left ? undefined : recurs();
      left = true;
      return found ?? closed(from, deaf, code);
    } catch (error) {
      if (error instanceof Unprovable) return undefined;
      throw error;
    }
  };
}

type Fetch = (address: bigint) => Instruction;

// Instructions are decoded once; bytes of the next page are asked for only where one reaches into it.
function fetcher(from: Registers, memory: ReadMemory): Fetch {
  const known = new Map<bigint, Instruction>();
  const base = from.bits === 64 ? 0n : from.cs.base;
  return (address) => {
    const before = known.get(address);
    if (before) return before;
    const place = address + base;
    const inPage = 4096 - Number(place & 0xfffn);
    const found =
      decode(memory(place, Math.min(15, inPage)), from.bits) ??
      (inPage < 15 ? decode(memory(place, 15), from.bits) : undefined);
    if (!found) throw new Unprovable('instruction');
    known.set(address, found);
    return found;
  };
}

/** Equal prints of states that differ: so often is looked closer, whatever a guest made its registers of. */
const mostMistaken = 8;

function recurring(
  from: Registers,
  deaf: boolean,
  memory: ReadMemory,
  code: Fetch,
  steps: number,
): () => Loop | undefined {
  const cpu = machine(from, memory);
  const seen = new Map<number, number>();
  let touches = false;
  let mistaken = 0;
  let count = 0;
  const cameAgain = (): Place[] | undefined => {
    const print = cpu.print();
    const first = seen.get(print);
    seen.set(print, count);
    if (first === undefined) return undefined;
    const places = cycle(machine(from, memory), code, first, count);
    if (!places) mistaken++;
    return places;
  };
  return () => {
    while (count < steps && mistaken < mostMistaken) {
      const before = cpu.state.rip;
      const now = code(before);
      mustBeDeaf(deaf, cpu.state.flags);
      // Seen on its way to a halt: the next look finds it there.
      if (step(cpu, now)) return undefined;
      touches ||= usesMemory(now);
      count++;
      const places = cpu.state.rip > before ? undefined : cameAgain();
      if (places) return loopOf(cpu, places, touches);
    }
    return undefined;
  };
}

// The same way once more, now with a look at each whole state: the places between two steps, if it is the same state behind both.
function cycle(cpu: Machine, code: Fetch, first: number, last: number): Place[] | undefined {
  const places: Place[] = [];
  let start = '';
  for (let count = 0; count < last; count++) {
    if (count === first) start = cpu.fingerprint();
    if (count >= first) places.push(placeOf(cpu));
    step(cpu, code(cpu.state.rip));
  }
  return cpu.fingerprint() === start ? places : undefined;
}

function mustBeDeaf(deaf: boolean, flags: bigint): void {
  if (!deaf && (flags & interruptFlag) !== 0n) throw new Unprovable('interrupts');
}

type Place = {
  readonly rip: bigint;
  readonly general: string;
  readonly flags: bigint;
  readonly known: bigint;
};

const placeOf = (cpu: Machine): Place => ({
  rip: cpu.state.rip,
  general: cpu.general.join(),
  flags: cpu.state.flags,
  known: arithmetic & ~cpu.state.vague,
});

function loopOf(cpu: Machine, places: readonly Place[], memory: boolean): Loop | undefined {
  // Code that changes itself is not what was decoded.
  if (places.some(({ rip }) => cpu.wrote(rip >> 12n))) return undefined;
  return {
    memory,
    holds: (later) =>
      places.some(
        ({ rip, general, flags, known }) =>
          rip === later.rip && general === later.general.join() && (flags & known) === (later.flags & known),
      ),
  };
}

// Every path from here, both ways at each branch: registers may hold what they will. Memory is out, for an address may fault.
function closed(from: Registers, deaf: boolean, code: Fetch): Loop | undefined {
  const inside = new Set<bigint>();
  const open = [from.rip];
  mustBeDeaf(deaf, from.flags);
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (inside.has(at)) continue;
    if (inside.size >= mostClosed) return undefined;
    inside.add(at);
    const now = code(at);
    const next = at + BigInt(now.length);
    if (now.op === 0xfb) mustBeDeaf(deaf, interruptFlag);
    if (usesMemory(now)) return undefined;
    if (now.op === 0xf4) continue;
    const jumps = branchOf(now);
    if (jumps !== 'never') open.push(BigInt.asUintN(now.bits, next + now.immediate));
    if (jumps !== 'always') open.push(next);
  }
  return { memory: false, holds: (later) => inside.has(later.rip) };
}

function branchOf({ op }: Instruction): 'always' | 'maybe' | 'never' {
  if (op === 0xeb || op === 0xe9) return 'always';
  return (op >= 0x70 && op <= 0x7f) || (op >= 0x0f80 && op <= 0x0f8f) ? 'maybe' : 'never';
}

function usesMemory({ op, rm, reg }: Instruction): boolean {
  const addressOnly = op === 0x8d || op === 0x0f0d || (op >= 0x0f18 && op <= 0x0f1f);
  if (typeof rm === 'object' && !addressOnly) return true;
  const stacks = (op >= 0x50 && op <= 0x5f) || [0x68, 0x6a, 0xc3, 0xc9, 0xe8].includes(op);
  return stacks || (op === 0xff && (reg & 7) > 1);
}
