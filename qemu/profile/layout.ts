// What the plugin is told of the kernel's ELF file: where its code is, and which function each address belongs to.
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { files } from '../files.ts';
import { openElf } from '../last/elf.ts';
import { functionRanges } from '../symbols.ts';

/** Without an ELF file, or with one that names nothing, functions are the addresses that were called. */
export function layOutProfiler(symbols: string | undefined, work: string): void {
  writeFileSync(join(work, files.ranges), symbols === undefined ? '' : rangesOf(symbols));
  if (symbols !== undefined) symlinkSync(symbols, join(work, files.symbols));
}

function rangesOf(symbols: string): string {
  using elf = openElf(symbols);
  const segments = (elf?.segments ?? []).filter(({ executable }) => executable);
  const hex = (value: bigint | number): string => value.toString(16);
  const lines = segments.map(
    ({ address, size, offset, physical }) =>
      `s ${hex(address)} ${hex(size)} ${hex(offset)} ${hex(physical)}\n`,
  );
  const ranges = elf ? functionRanges(symbols) : [];
  const starts = new Map(ranges.map(({ name, start }) => [name, start]));
  for (const { start, end, name } of ranges)
    lines.push(`f ${hex(start)} ${hex(end)} ${hex(starts.get(wholeName(name)) ?? start)}\n`);
  return lines.join('');
}

/** Compilers put what is hardly ever run elsewhere: it is of the same function. */
function wholeName(name: string): string {
  return name.replace(/\.cold(\.\d+)?$/, '');
}
