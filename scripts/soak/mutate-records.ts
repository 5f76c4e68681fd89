// Damages recorded boots at random, again and again, and reads them: is any record accepted that the kernel did not send, and is every loss
// told? Bytes are dropped, flipped and inserted, pieces torn off, moved, sent twice, and two boots interleaved; one to three at once.
//   node scripts/soak/mutate-records.ts STREAMS SEED LOG...
// Each LOG is the serial log of a boot, as `synos boot` leaves it in out/logs/. Two that differ a little show most: of one kernel, with other
// figures in frames of the same numbers.
import { readFileSync } from 'node:fs';
import type { BenchRecord } from '../../core/record.ts';
import { serialReader } from '../../qemu/serial.ts';

export type Mutated = {
  readonly streams: number;
  /** Streams whose accepted records are all of one boot's, none lost: the damage met other bytes, or took away one of two boots. */
  readonly whole: number;
  readonly lossTold: number;
  /** Records that were accepted and never sent. */
  readonly wrong: number;
  /** Streams whose records differ from those that were sent, while the reader calls them whole. */
  readonly silent: number;
};

type Read = { readonly records: readonly string[]; readonly told: boolean };

const nothing = { line: () => {}, gathered: () => {} };

/** The same seed gives the same damage. */
export function mutateRecords(
  logs: readonly Buffer[],
  streams: number,
  seed: number,
  tell: (done: number) => void,
): Mutated {
  const random = generator(seed);
  const sent = logs.map((log) => read([log]));
  if (sent.some(({ told, records }) => told || records.length === 0))
    throw new Error('a log is no whole stream of records');
  const known = new Set(sent.flatMap(({ records }) => records));
  const whole = sent.map(({ records }) => records.join('\n'));
  const result = { streams, whole: 0, lossTold: 0, wrong: 0, silent: 0 };
  for (let i = 0; i < streams; i++) {
    const other = logs[random(logs.length)] as Buffer;
    let bytes: Buffer = Buffer.from(logs[random(logs.length)] as Buffer);
    for (let left = 1 + random(3); left > 0; left--)
      bytes = damage[random(damage.length)]?.(bytes, other, random) ?? bytes;
    const got = read(pieces(bytes, random));
    result.wrong += got.records.filter((record) => !known.has(record)).length;
    if (whole.includes(got.records.join('\n'))) result.whole++;
    else if (got.told) result.lossTold++;
    else result.silent++;
    if (i % 10_000 === 9999) tell(i + 1);
  }
  return result;
}

function read(chunks: readonly Buffer[]): Read {
  const reader = serialReader(nothing);
  for (const chunk of chunks) reader.feed(chunk);
  reader.finish();
  const { records, defects, ended } = reader.harvest();
  return {
    records: records.map(keyOf),
    told: !ended || defects.length > 0,
  };
}

// All of a record, cheaper than as JSON.
function keyOf({ sequence, kind, value, unit, iterations, samples, labels, ...names }: BenchRecord): string {
  const named = Object.entries(labels).join(';');
  return `${sequence} ${kind} ${names.suite}/${names.name}/${names.metric} ${value} ${unit} ${iterations} ${samples} ${named}`;
}

/** A whole number from 0, below the argument. */
type Random = (below: number) => number;
type Damage = (bytes: Buffer, other: Buffer, random: Random) => Buffer;

const part = (bytes: Buffer, random: Random, longest: number): [from: number, to: number] => {
  const from = random(bytes.length);
  return [from, Math.min(bytes.length, from + 1 + random(longest))];
};
const noise: readonly ((random: Random) => Buffer)[] = [
  (random) => Buffer.from(Array.from({ length: 1 + random(60) }, () => random(256))),
  (random) => Buffer.from(`[    ${random(99)}.123456] eth${random(9)}: link is up\r\n`),
  (random) => Buffer.from(`\x1e@${random(9)} ${random(99)} {"kind":"`),
  (random) => Buffer.from(['\n', '\r\n', '\x1e', '\x1e@', ' ', '\0', '}'][random(7)] ?? ''),
];

const damage: readonly Damage[] = [
  function drop(bytes, _, random) {
    const [from, to] = part(bytes, random, random(2) === 0 ? 3 : 600);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  function flip(bytes, _, random) {
    for (let left = 1 + random(8); left > 0; left--) {
      const at = random(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
    }
    return bytes;
  },
  function insert(bytes, _, random) {
    const at = random(bytes.length);
    const extra = noise[random(noise.length)]?.(random) ?? Buffer.alloc(0);
    return Buffer.concat([bytes.subarray(0, at), extra, bytes.subarray(at)]);
  },
  function tear(bytes, _, random) {
    const at = random(bytes.length);
    return random(2) === 0 ? bytes.subarray(0, at) : bytes.subarray(at);
  },
  // Whole lines as often as any bytes: frames that come in another order are each right.
  function move(bytes, _, random) {
    const [from, to] = random(2) === 0 ? part(bytes, random, 600) : line(bytes, random);
    const rest = Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
    const at = random(2) === 0 ? random(rest.length + 1) : line(rest, random)[0];
    return Buffer.concat([rest.subarray(0, at), bytes.subarray(from, to), rest.subarray(at)]);
  },
  function repeat(bytes, _, random) {
    const [from, to] = random(2) === 0 ? part(bytes, random, 600) : line(bytes, random);
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from, to), bytes.subarray(to)]);
  },
  // Another boot of the same kernel, as behind a reset, or two guests that share a port.
  function interleave(bytes, other, random) {
    const mixed: Buffer[] = [];
    const longest = 1 + random(2000);
    for (let a = 0, b = 0; a < bytes.length || b < other.length; ) {
      const [next, more] = [1 + random(longest), 1 + random(longest)];
      mixed.push(bytes.subarray(a, a + next), other.subarray(b, b + more));
      a += next;
      b += more;
    }
    return Buffer.concat(mixed);
  },
  // A frame is lost, and the one that the other boot sent under its number comes in its place.
  function swap(bytes, other, random) {
    const mine = bytes.toString('latin1').split('\n');
    const theirs = other.toString('latin1').split('\n');
    for (let left = 1 + random(3); left > 0; left--) {
      const at = random(mine.length);
      mine[at] = theirs[at] ?? '';
    }
    return Buffer.from(mine.join('\n'), 'latin1');
  },
  function lines(bytes, _, random) {
    const all = bytes.toString('latin1').split(/(?<=\n)/);
    for (let left = 1 + random(4); left > 0; left--)
      all.splice(random(all.length), random(3), ...all.splice(random(all.length), random(2)));
    return Buffer.from(all.join(''), 'latin1');
  },
];

// From the start of some line to its end.
function line(bytes: Buffer, random: Random): [from: number, to: number] {
  const place = random(bytes.length || 1);
  const from = bytes.lastIndexOf('\n', place) + 1;
  const end = bytes.indexOf('\n', from);
  return [Math.min(from, bytes.length), end < 0 ? bytes.length : end + 1];
}

// As a tail reads them: cut anywhere.
function pieces(bytes: Buffer, random: Random): Buffer[] {
  const cuts = Array.from({ length: random(4) }, () => random(bytes.length + 1)).sort((a, b) => a - b);
  return [...cuts, bytes.length].map((end, i) => bytes.subarray(i === 0 ? 0 : cuts[i - 1], end));
}

// xorshift32: small, and the same everywhere.
function generator(seed: number): Random {
  let state = seed | 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return below <= 0 ? 0 : (state >>> 0) % below;
  };
}

if (import.meta.main) {
  const [streams = '', seed = '', ...paths] = process.argv.slice(2);
  if (paths.length === 0) throw new Error('usage: node scripts/soak/mutate-records.ts STREAMS SEED LOG...');
  const begun = Date.now();
  const seconds = (): number => Math.round((Date.now() - begun) / 1000);
  const logs = paths.map((path) => readFileSync(path));
  const result = mutateRecords(logs, Number(streams), Number(seed), (done) =>
    process.stderr.write(`${done} after ${seconds()} s\n`),
  );
  process.stdout.write(`${JSON.stringify({ ...result, seconds: seconds() })}\n`);
  process.exitCode = result.wrong + result.silent > 0 ? 1 : 0;
}
