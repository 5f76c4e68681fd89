// Which functions a kernel's benchmarks are: the table between `bench_start` and `bench_end` in its file, of rows of three pointers (suite,
// name, function), as kernel/include/synos/bench.h makes it. A kernel without one has no names for them but its functions'.
import { visibleUpTo } from '../../core/text.ts';
import { type Elf, openElf, stringAt } from '../last/elf.ts';
import { addressesOf } from '../symbols.ts';

const rowBytes = 24;
const most = 10_000;
const longestName = 100;

/** `suite/name` and the function's address. */
export function benchmarksOf(path: string): { readonly name: string; readonly address: bigint }[] {
  using elf = openElf(path);
  if (elf?.bits !== 64) return [];
  const places = addressesOf(elf, ['bench_start', 'bench_end']);
  const [start, end] = [places.get('bench_start'), places.get('bench_end')];
  if (start === undefined || end === undefined || end < start) return [];
  const rows = bytesAt(elf, start, Math.min(Number(end - start), most * rowBytes));
  return Array.from({ length: Math.floor(rows.length / rowBytes) }, (_, i) => {
    const [suite, name, address] = [0, 8, 16].map((at) => rows.readBigUInt64LE(i * rowBytes + at));
    return { name: `${textAt(elf, suite)}/${textAt(elf, name)}`, address: address ?? 0n };
  });
}

function textAt(elf: Elf, address: bigint | undefined): string {
  return visibleUpTo(stringAt(bytesAt(elf, address ?? 0n, longestName), 0), longestName);
}

function bytesAt(elf: Elf, address: bigint, bytes: number): Buffer {
  const segment = elf.segments.find(
    (one) => address >= one.address && address < one.address + BigInt(one.size),
  );
  if (!segment) return Buffer.alloc(0);
  const offset = Number(address - segment.address);
  return elf.read(segment.offset + offset, Math.min(bytes, segment.size - offset));
}
