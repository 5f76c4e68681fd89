// Functions and lines of addresses, as binutils' addr2line finds them in the debug information: it is there wherever a kernel is compiled.
import { type Command, find, type Running } from '../../core/exec.ts';
import { visibleUpTo } from '../../core/text.ts';

export type Line = { readonly name: string | null; readonly place: string | null; readonly inlined: boolean };

/** For a kernel with the debug information of all of Linux. */
const limitMs = 10_000;
const longest = 300;

/** By address, innermost first; undefined where there is no addr2line. An address without a line has one entry, of what is known. */
export async function linesOf(
  file: string,
  addresses: readonly bigint[],
  start: (command: Command) => Promise<Running>,
): Promise<ReadonlyMap<bigint, readonly Line[]> | undefined> {
  if (find('addr2line') === undefined) return undefined;
  if (addresses.length === 0) return new Map();
  const texts = [...new Set(addresses)].map((address) => `0x${address.toString(16)}`);
  const running = await start({ argv: ['addr2line', '-a', '-f', '-i', '-C', '-e', file, ...texts], limitMs });
  const ended = await running.ended;
  return parseLines(ended.stdout);
}

/** `-a -f -i`: the address, then a function and a place for each frame that was inlined there, the outermost last. */
export function parseLines(text: string): Map<bigint, Line[]> {
  const found = new Map<bigint, Line[]>();
  let open: Line[] = [];
  let name: string | undefined;
  for (const line of text.split('\n')) {
    if (/^0x[0-9a-f]{8,16}$/.test(line)) {
      open = [];
      found.set(BigInt(line), open);
      name = undefined;
    } else if (name === undefined) name = line;
    else {
      open.push({
        name: known(name),
        place: known(line.replace(/ \(discriminator \d+\)$/, '')),
        inlined: true,
      });
      name = undefined;
    }
  }
  for (const lines of found.values()) {
    const last = lines.pop();
    if (last) lines.push({ ...last, inlined: false });
  }
  return found;
}

function known(text: string): string | null {
  return text.startsWith('??') || text === '' ? null : visibleUpTo(text.replace(/:\?$/, ''), longest);
}
