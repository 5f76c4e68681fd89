// The registers of a stopped or idle guest, read from the monitor's text (`info registers -a`), and what they prove.
import { parseDump, type Registers } from './cpu-dump.ts';

export type CpuState = {
  readonly rip: bigint;
  /** RFLAGS.IF: whether an interrupt could wake or divert the CPU. */
  readonly interrupts: boolean;
  /** In HLT, waiting for an interrupt. */
  readonly halted: boolean;
  readonly protectedMode: boolean;
  readonly paging: boolean;
  readonly longMode: boolean;
  /** IDTR limit in bytes; 0 means that every exception is a triple fault. */
  readonly idtLimit: number;
  /** Never started: it waits at the reset vector for the first CPU. */
  readonly parked: boolean;
  /** Everything else that the monitor tells. */
  readonly all?: Registers;
};

const cr0ProtectedMode = 1n;
const cr0Paging = 1n << 31n;
const eferLongModeActive = 1n << 10n;
const flagInterrupts = 1n << 9n;

/** One state for each CPU; a block that lacks a field is left out. */
export function parseRegisters(text: string): CpuState[] {
  return text
    .split(/^CPU#\d+\s*$/m)
    .map(parseCpu)
    .filter((state) => state !== undefined);
}

function parseCpu(block: string): CpuState | undefined {
  const all = parseDump(block);
  const halted = /\bHLT=([01])/.exec(block)?.[1];
  if (all === undefined || halted === undefined) return undefined;
  const { rip, flags, cr0, efer, cs, idt } = all;
  return {
    rip,
    interrupts: (flags & flagInterrupts) !== 0n,
    halted: halted === '1',
    protectedMode: (cr0 & cr0ProtectedMode) !== 0n,
    paging: (cr0 & cr0Paging) !== 0n,
    longMode: (efer & eferLongModeActive) !== 0n,
    idtLimit: idt.limit,
    parked: rip === resetVector && cs.base === resetBase,
    all,
  };
}

// Where a CPU begins; under KVM one that nobody started stands there without being halted.
const resetVector = 0xfff0n;
const resetBase = 0xffff0000n;

/** All CPUs in HLT with interrupts off, or never started: nothing but an NMI could ever move this guest again. */
export function isDeadHalt(cpus: readonly CpuState[]): boolean {
  return cpus.some((cpu) => cpu.halted) && cpus.every((cpu) => (cpu.halted && !cpu.interrupts) || cpu.parked);
}

/** All CPUs wait for an interrupt, and at least one could get it. */
export function isIdle(cpus: readonly CpuState[]): boolean {
  return cpus.length > 0 && cpus.every((cpu) => cpu.halted);
}

/** Whether the CPU that runs stayed within a few instructions over all the samples, and its registers with it: a loop that counts does work. */
export function isSpinning(samples: readonly (readonly CpuState[])[]): boolean {
  const running = samples.map((cpus) => cpus.find((cpu) => !cpu.halted));
  const [first] = running;
  if (first === undefined || samples.length < 2) return false;
  return running.every(
    (cpu) =>
      cpu !== undefined &&
      distance(cpu.rip, first.rip) <= spinBytes &&
      cpu.all?.general.join() === first.all?.general.join(),
  );
}

/** A loop that waits for nothing is this short: a compare, a pause, a jump. */
const spinBytes = 32n;

const distance = (a: bigint, b: bigint): bigint => (a > b ? a - b : b - a);

/**
 * Whether the first CPU executes firmware or a boot loader: real mode, no paging yet, or the low memory in which BIOS, OVMF and GRUB
 * live. A kernel in the higher half never looks like that; one that runs at its physical address does.
 */
export function isBelowKernel(cpus: readonly CpuState[]): boolean {
  const [first] = cpus;
  if (first === undefined) return false;
  return !first.paging || (first.rip < 1n << 47n && first.rip < 1n << 32n);
}

/** One line for people: "CPU 0: RIP=0xffffffff80001234 HLT=1 IF=0 long mode". */
export function describeCpus(cpus: readonly CpuState[]): string[] {
  return cpus.map((cpu, index) => {
    const flag = (on: boolean): number => (on ? 1 : 0);
    return `CPU ${index}: RIP=0x${cpu.rip.toString(16)} HLT=${flag(cpu.halted)} IF=${flag(cpu.interrupts)} ${modeOf(cpu)}`;
  });
}

export function modeOf(cpu: CpuState): string {
  if (cpu.longMode) return 'long mode';
  if (!cpu.protectedMode) return 'real mode';
  return cpu.paging ? 'protected mode with paging' : 'protected mode';
}
