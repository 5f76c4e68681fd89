// What an instruction does to a CPU, as far as decode.ts knows it (Intel SDM, volume 2).

import { add, countBy, logic, operate, subtract } from './arithmetic.ts';
import type { Instruction } from './decode.ts';
import { flag, interruptFlag, type Machine, Unprovable } from './machine.ts';

type Operand = { get(): bigint; set(value: bigint): void };

type Turn = {
  readonly cpu: Machine;
  readonly now: Instruction;
  /** The address behind the instruction. */
  readonly next: bigint;
  readonly rm: Operand;
  readonly reg: Operand;
  /** The operation within a group. */
  readonly kind: number;
};

/**
 * Runs one instruction. True: it halts the CPU. Throws Unprovable, and the CPU is of no use then; or MemoryMissing, and the CPU is as it was: what
 * an instruction does to it comes behind all that it reads.
 */
export function step(cpu: Machine, now: Instruction): boolean {
  if (now.op === 0xf4) return true;
  const next = BigInt.asUintN(now.bits === 64 ? 64 : 32, cpu.state.rip + BigInt(now.length));
  const turn: Turn = {
    ...{ cpu, now, next, kind: now.reg & 7 },
    rm: operand(cpu, now, next, now.size),
    reg: registerOperand(cpu, now, now.reg),
  };
  const run = actions.get(now.op);
  if (!run) throw new Unprovable('instruction');
  cpu.state.rip = BigInt.asUintN(now.bits, run(turn) ?? next);
  return false;
}

function registerOperand(cpu: Machine, now: Instruction, number: number): Operand {
  return {
    get: () => cpu.register(number, now),
    set: (value) => cpu.setRegister(number, now, value),
  };
}

function operand(cpu: Machine, now: Instruction, next: bigint, size: Instruction['size']): Operand {
  const { rm } = now;
  if (typeof rm === 'number') return registerOperand(cpu, { ...now, size }, rm);
  if (rm === undefined) return { get: () => 0n, set: () => {} };
  const at = cpu.address(rm, next);
  return { get: () => cpu.read(at, size), set: (value) => cpu.write(at, size, value) };
}

const lowRegister = ({ cpu, now }: Turn): Operand => registerOperand(cpu, now, 0);
const fixed = ({ now }: Turn): Operand => ({
  get: () => BigInt.asUintN(now.size * 8, now.immediate),
  set: () => {},
});

/** Whether a condition code of `jcc`, `setcc` and `cmovcc` holds. */
function holds(cpu: Machine, code: number): boolean {
  const { carry, parity, zero, sign, overflow } = flag;
  const tests = [
    () => cpu.has(overflow),
    () => cpu.has(carry),
    () => cpu.has(zero),
    () => cpu.has(carry) || cpu.has(zero),
    () => cpu.has(sign),
    () => cpu.has(parity),
    () => cpu.has(sign) !== cpu.has(overflow),
    () => cpu.has(zero) || cpu.has(sign) !== cpu.has(overflow),
  ];
  return (tests[(code >> 1) & 7]?.() ?? false) !== ((code & 1) === 1);
}

function stackBytes(now: Instruction): 4 | 8 {
  if (now.bits === 16) throw new Unprovable('16-bit stack');
  return now.bits === 64 ? 8 : 4;
}

function push({ cpu, now }: Turn, value: bigint): void {
  const size = stackBytes(now);
  const top = BigInt.asUintN(size * 8, (cpu.general[4] ?? 0n) - BigInt(size));
  cpu.write(top, size, value);
  cpu.general[4] = top;
}

function pop({ cpu, now }: Turn): bigint {
  const size = stackBytes(now);
  const top = cpu.general[4] ?? 0n;
  const value = cpu.read(top, size);
  cpu.general[4] = BigInt.asUintN(size * 8, top + BigInt(size));
  return value;
}

/** Returns where it goes, when it is not the next instruction. */
type Act = (turn: Turn) => bigint | undefined;
const actions = new Map<number, Act>();

function on(from: number, to: number, act: (turn: Turn) => unknown): void {
  for (let op = from; op <= to; op++) actions.set(op, (turn) => asAddress(act(turn)));
}

const asAddress = (value: unknown): bigint | undefined => (typeof value === 'bigint' ? value : undefined);

const condition: Act = ({ cpu, now, next }) => (holds(cpu, now.op & 15) ? next + now.immediate : next);
on(0x70, 0x7f, condition);
on(0x0f80, 0x0f8f, condition);
on(0xe9, 0xeb, ({ next, now }) => next + now.immediate);
on(0xe8, 0xe8, (turn) => {
  push(turn, turn.next);
  return turn.next + turn.now.immediate;
});
on(0xc3, 0xc3, pop);
on(0xff, 0xff, (turn) => {
  const { cpu, now, next, rm, kind } = turn;
  if (kind < 2) return countBy(cpu, now, rm, kind === 0);
  const goal = operand(cpu, now, next, stackBytes(now)).get();
  if (kind === 2 || kind === 6) push(turn, kind === 6 ? goal : next);
  else if (kind !== 4) throw new Unprovable('instruction');
  return kind === 6 ? undefined : goal;
});

on(0x50, 0x57, (turn) => push(turn, turn.reg.get()));
on(0x58, 0x5f, (turn) => turn.reg.set(pop(turn)));
on(0x68, 0x68, (turn) => push(turn, turn.now.immediate));
on(0x6a, 0x6a, (turn) => push(turn, turn.now.immediate));
on(0xc9, 0xc9, ({ cpu, now }) => {
  const size = stackBytes(now);
  const frame = cpu.general[5] ?? 0n;
  const before = cpu.read(frame, size);
  cpu.general[4] = BigInt.asUintN(size * 8, frame + BigInt(size));
  cpu.general[5] = before;
});

on(0x90, 0x90, () => {});
on(0x0f0d, 0x0f0d, () => {});
on(0x0f18, 0x0f1f, () => {});
on(0x0fae, 0x0fae, ({ now, kind }) => {
  // Fences; the others of this opcode save and load registers.
  if (typeof now.rm !== 'number' || kind < 5) throw new Unprovable('instruction');
});
on(0x88, 0x89, ({ rm, reg }) => rm.set(reg.get()));
on(0x8a, 0x8b, ({ rm, reg }) => reg.set(rm.get()));
on(0xc6, 0xc7, ({ rm, now }) => rm.set(now.immediate));
on(0xb0, 0xbf, ({ reg, now }) => reg.set(now.immediate));
on(0x8d, 0x8d, ({ cpu, now, next, reg }) => {
  if (typeof now.rm === 'object') reg.set(cpu.address({ ...now.rm, segment: 'ds' }, next));
});
on(0x63, 0x63, ({ cpu, now, next, reg }) => reg.set(BigInt.asIntN(32, operand(cpu, now, next, 4).get())));
const extend: Act = ({ cpu, now, next, reg }) => {
  const size = (now.op & 1) === 0 ? 1 : 2;
  const value = operand(cpu, now, next, size).get();
  reg.set(now.op >= 0x0fbe ? BigInt.asIntN(size * 8, value) : value);
  return undefined;
};
on(0x0fb6, 0x0fb7, extend);
on(0x0fbe, 0x0fbf, extend);
on(0x86, 0x87, ({ rm, reg }) => {
  const value = rm.get();
  rm.set(reg.get());
  reg.set(value);
});
on(0x0f40, 0x0f4f, ({ cpu, now, rm, reg }) => {
  const value = rm.get();
  reg.set(holds(cpu, now.op & 15) ? value : reg.get());
});
on(0x0f90, 0x0f9f, ({ cpu, now, rm }) => rm.set(holds(cpu, now.op & 15) ? 1n : 0n));

for (let kind = 0; kind < 8; kind++) {
  const op = kind * 8;
  on(op, op + 1, ({ cpu, now, rm, reg }) => operate(cpu, now, kind, rm, reg));
  on(op + 2, op + 3, ({ cpu, now, rm, reg }) => operate(cpu, now, kind, reg, rm));
  on(op + 4, op + 5, (turn) => operate(turn.cpu, turn.now, kind, lowRegister(turn), fixed(turn)));
}
on(0x80, 0x83, (turn) => operate(turn.cpu, turn.now, turn.kind, turn.rm, fixed(turn)));
on(0x84, 0x85, ({ cpu, now, rm, reg }) => logic(cpu, now, rm.get() & reg.get()));
on(0xa8, 0xa9, (turn) => logic(turn.cpu, turn.now, lowRegister(turn).get() & fixed(turn).get()));
on(0xf6, 0xf7, (turn) => {
  const { cpu, now, rm, kind } = turn;
  if (kind < 2) logic(cpu, now, rm.get() & fixed(turn).get());
  else if (kind === 2) rm.set(~rm.get());
  else if (kind === 3) rm.set(subtract(cpu, now, 0n, rm.get(), 0n));
  else throw new Unprovable('instruction');
});
on(0x40, 0x4f, ({ cpu, now, reg }) => countBy(cpu, now, reg, now.op < 0x48));
on(0xfe, 0xfe, ({ cpu, now, rm, kind }) => {
  if (kind > 1) throw new Unprovable('instruction');
  countBy(cpu, now, rm, kind === 0);
});
on(0x0fb0, 0x0fb1, (turn) => {
  const { cpu, now, rm, reg } = turn;
  const low = lowRegister(turn);
  const [value, wanted] = [rm.get(), low.get()];
  subtract(cpu, now, wanted, value, 0n);
  if (wanted === value) rm.set(reg.get());
  else low.set(value);
});
on(0x0fc0, 0x0fc1, ({ cpu, now, rm, reg }) => {
  const value = rm.get();
  const sum = add(cpu, now, value, reg.get(), 0n);
  reg.set(value);
  rm.set(sum);
});
on(0x0fba, 0x0fba, ({ cpu, now, rm, kind }) => {
  if (kind < 4 || kind > 6) throw new Unprovable('instruction');
  const bit = 1n << (now.immediate & BigInt(now.size * 8 - 1));
  const value = rm.get();
  cpu.setFlags((value & bit) === 0n ? 0n : flag.carry, flag.carry);
  if (kind > 4) rm.set(kind === 5 ? value | bit : value & ~bit);
});
const shift: Act = ({ cpu, now, rm, kind }) => {
  if (kind < 4) throw new Unprovable('instruction');
  const given = now.op <= 0xc1 ? now.immediate : now.op <= 0xd1 ? 1n : (cpu.general[1] ?? 0n);
  const by = given & (now.size === 8 ? 63n : 31n);
  if (by === 0n) return undefined;
  const before = rm.get();
  const right = kind === 7 ? BigInt.asIntN(now.size * 8, before) >> by : before >> by;
  const value = BigInt.asUintN(now.size * 8, kind === 5 || kind === 7 ? right : before << by);
  rm.set(value);
  logic(cpu, now, value);
  // Their rules are long, and no loop that waits asks for them.
  cpu.setFlags(0n, flag.carry | flag.overflow, flag.carry | flag.overflow);
  return undefined;
};
on(0xc0, 0xc1, shift);
on(0xd0, 0xd3, shift);

on(0xfa, 0xfb, ({ cpu, now }) => {
  cpu.state.flags &= ~interruptFlag;
  if (now.op === 0xfb) cpu.state.flags |= interruptFlag;
});
on(0xf8, 0xf9, ({ cpu, now }) => cpu.setFlags(now.op === 0xf9 ? flag.carry : 0n, flag.carry));
