// Integer arithmetic with the flags that it leaves (Intel SDM, volume 1, appendix A).
import type { Instruction } from './decode.ts';
import { flag, type Machine } from './machine.ts';

type Operand = { get(): bigint; set(value: bigint): void };

/** ADD OR ADC SBB AND SUB XOR CMP, in the order of their encodings. */
export function operate(cpu: Machine, now: Instruction, kind: number, to: Operand, from: Operand): void {
  const [left, right] = [to.get(), from.get()];
  const carry = kind === 2 || kind === 3 ? (cpu.has(flag.carry) ? 1n : 0n) : 0n;
  if (kind === 0 || kind === 2) to.set(add(cpu, now, left, right, carry));
  else if (kind === 3 || kind === 5) to.set(subtract(cpu, now, left, right, carry));
  else if (kind === 7) subtract(cpu, now, left, right, 0n);
  else {
    const value = kind === 1 ? left | right : kind === 4 ? left & right : left ^ right;
    logic(cpu, now, value);
    to.set(value);
  }
}

const all = flag.carry | flag.parity | flag.adjust | flag.zero | flag.sign | flag.overflow;

function resultFlags(now: Instruction, value: bigint): bigint {
  let ones = 0;
  for (let byte = Number(value & 0xffn); byte !== 0; byte &= byte - 1) ones++;
  const top = (value >> BigInt(now.size * 8 - 1)) & 1n;
  return (
    (value === 0n ? flag.zero : 0n) | (top === 1n ? flag.sign : 0n) | (ones % 2 === 0 ? flag.parity : 0n)
  );
}

/** AND, OR, XOR and TEST: carry and overflow are cleared. */
export function logic(cpu: Machine, now: Instruction, value: bigint): void {
  cpu.setFlags(resultFlags(now, value), all & ~flag.adjust, flag.adjust);
}

export function add(cpu: Machine, now: Instruction, left: bigint, right: bigint, carry: bigint): bigint {
  const width = now.size * 8;
  const value = BigInt.asUintN(width, left + right + carry);
  const bit = 1n << BigInt(width - 1);
  const flags =
    ((left + right + carry) >> BigInt(width) ? flag.carry : 0n) |
    ((left ^ value) & (right ^ value) & bit ? flag.overflow : 0n) |
    ((left ^ right ^ value) & 16n);
  cpu.setFlags(flags | resultFlags(now, value), all);
  return value;
}

export function subtract(
  cpu: Machine,
  now: Instruction,
  left: bigint,
  right: bigint,
  borrow: bigint,
): bigint {
  const value = BigInt.asUintN(now.size * 8, left - right - borrow);
  const bit = 1n << BigInt(now.size * 8 - 1);
  const flags =
    (left < right + borrow ? flag.carry : 0n) |
    ((left ^ right) & (left ^ value) & bit ? flag.overflow : 0n) |
    ((left ^ right ^ value) & 16n);
  cpu.setFlags(flags | resultFlags(now, value), all);
  return value;
}

/** INC and DEC: the carry flag stays. */
export function countBy(cpu: Machine, now: Instruction, place: Operand, up: boolean): undefined {
  const before = cpu.state.flags & flag.carry;
  const vague = cpu.state.vague & flag.carry;
  const value = place.get();
  place.set(up ? add(cpu, now, value, 1n, 0n) : subtract(cpu, now, value, 1n, 0n));
  cpu.setFlags(before, flag.carry, vague);
}
