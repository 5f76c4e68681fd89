// All registers of one CPU, read from the block that the monitor prints for it (`info registers -a`).

type Segment = { readonly selector: number; readonly base: bigint };
type Table = { readonly base: bigint; readonly limit: number };

export type Registers = {
  /** In the order of `generalNames`, which is that of instruction encodings. */
  readonly general: readonly bigint[];
  readonly rip: bigint;
  readonly flags: bigint;
  readonly cpl: number;
  readonly cs: Segment;
  readonly ss: Segment;
  readonly ds: Segment;
  readonly fs: Segment;
  readonly gs: Segment;
  /** Width of code that CS sets. */
  readonly bits: 16 | 32 | 64;
  readonly gdt: Table;
  readonly idt: Table;
  readonly cr0: bigint;
  readonly cr2: bigint;
  readonly cr3: bigint;
  readonly cr4: bigint;
  readonly efer: bigint;
};

export const generalNames = 'RAX RCX RDX RBX RSP RBP RSI RDI R8 R9 R10 R11 R12 R13 R14 R15'.split(' ');

// Made once: a guest that is silent is looked at ten times a second.
const generalFields = generalNames.map(
  (name) => new RegExp(`\\b(?:${name}|E${name.slice(1)}) ?=([0-9a-f]+)`),
);
const segmentField = (name: string): RegExp => new RegExp(`^${name} =([0-9a-f]+) ([0-9a-f]+)`, 'm');
const tableField = (name: string): RegExp => new RegExp(`^${name}= +([0-9a-f]+) ([0-9a-f]+)`, 'm');
const segments = {
  cs: segmentField('CS'),
  ss: segmentField('SS'),
  ds: segmentField('DS'),
  fs: segmentField('FS'),
  gs: segmentField('GS'),
};
const tables = { gdt: tableField('GDT'), idt: tableField('IDT') };

/** Undefined where a register is missing that no CPU lacks. */
export function parseDump(block: string): Registers | undefined {
  const rip = field(block, /\b[RE]IP=([0-9a-f]+)/);
  const flags = field(block, /\b[RE]FL=([0-9a-f]+)/);
  const cr0 = field(block, /\bCR0=([0-9a-f]+)/);
  if (rip === undefined || flags === undefined || cr0 === undefined) return undefined;
  const or0 = (pattern: RegExp): bigint => field(block, pattern) ?? 0n;
  return {
    general: generalFields.map(or0),
    rip,
    flags,
    cpl: Number(or0(/\bCPL=([0-3])/)),
    cs: segment(block, segments.cs),
    ss: segment(block, segments.ss),
    ds: segment(block, segments.ds),
    fs: segment(block, segments.fs),
    gs: segment(block, segments.gs),
    bits: /\[?\bCS64\b/.test(block) ? 64 : /\bCS32\b/.test(block) ? 32 : 16,
    gdt: table(block, tables.gdt),
    idt: table(block, tables.idt),
    cr0,
    cr2: or0(/\bCR2=([0-9a-f]+)/),
    cr3: or0(/\bCR3=([0-9a-f]+)/),
    cr4: or0(/\bCR4=([0-9a-f]+)/),
    efer: or0(/\bEFER=([0-9a-f]+)/),
  };
}

function segment(block: string, field: RegExp): Segment {
  const found = field.exec(block);
  return { selector: Number(`0x${found?.[1] ?? '0'}`), base: BigInt(`0x${found?.[2] ?? '0'}`) };
}

function table(block: string, field: RegExp): Table {
  const found = field.exec(block);
  return { base: BigInt(`0x${found?.[1] ?? '0'}`), limit: Number(`0x${found?.[2] ?? 'ffff'}`) };
}

function field(text: string, pattern: RegExp): bigint | undefined {
  const digits = pattern.exec(text)?.[1];
  return digits === undefined ? undefined : BigInt(`0x${digits}`);
}
