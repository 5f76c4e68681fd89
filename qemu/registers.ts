// The registers of a stopped or idle guest, read from the monitor's text (`info registers -a`), and what they prove.

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
  const rip = field(block, /\b[RE]IP=([0-9a-f]+)/);
  const flags = field(block, /\b[RE]FL=([0-9a-f]+)/);
  const cr0 = field(block, /\bCR0=([0-9a-f]+)/);
  const efer = field(block, /\bEFER=([0-9a-f]+)/);
  const halted = field(block, /\bHLT=([01])/);
  const idt = field(block, /\bIDT=\s+[0-9a-f]+ ([0-9a-f]+)/);
  if (rip === undefined || flags === undefined || cr0 === undefined || halted === undefined) return undefined;
  return {
    rip,
    interrupts: (flags & flagInterrupts) !== 0n,
    halted: halted === 1n,
    protectedMode: (cr0 & cr0ProtectedMode) !== 0n,
    paging: (cr0 & cr0Paging) !== 0n,
    longMode: ((efer ?? 0n) & eferLongModeActive) !== 0n,
    idtLimit: Number(idt ?? 0xffffn),
  };
}

function field(text: string, pattern: RegExp): bigint | undefined {
  const digits = pattern.exec(text)?.[1];
  return digits === undefined ? undefined : BigInt(`0x${digits}`);
}

/** All CPUs in HLT with interrupts off: nothing but an NMI could ever move this guest again. */
export function isDeadHalt(cpus: readonly CpuState[]): boolean {
  return cpus.length > 0 && cpus.every((cpu) => cpu.halted && !cpu.interrupts);
}

/** All CPUs wait for an interrupt, and at least one could get it. */
export function isIdle(cpus: readonly CpuState[]): boolean {
  return cpus.length > 0 && cpus.every((cpu) => cpu.halted);
}

/** Whether the CPU that runs stayed within a few instructions over all the samples. */
export function isSpinning(samples: readonly (readonly CpuState[])[]): boolean {
  const running = samples.map((cpus) => cpus.find((cpu) => !cpu.halted)?.rip);
  const [first] = running;
  if (first === undefined || samples.length < 2) return false;
  return running.every((rip) => rip !== undefined && distance(rip, first) <= spinBytes);
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
    return `CPU ${index}: RIP=0x${cpu.rip.toString(16)} HLT=${flag(cpu.halted)} IF=${flag(cpu.interrupts)} ${mode(cpu)}`;
  });
}

function mode(cpu: CpuState): string {
  if (cpu.longMode) return 'long mode';
  if (!cpu.protectedMode) return 'real mode';
  return cpu.paging ? 'protected mode with paging' : 'protected mode';
}
