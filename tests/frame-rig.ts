// Frames for tests: written as a kernel writes them, by other code than the code that reads them.
import { crc32 } from 'node:zlib';

const hex = (value: number): string => value.toString(16).padStart(8, '0');

/** One frame with a right length and CRC, whatever the JSON is. */
export function frame(sequence: number, json: string): string {
  const covered = `${sequence} ${json.length} ${json}`;
  return `\x1e@${covered} ${hex(crc32(covered))}\n`;
}

export const helloJson =
  '{"kind":"hello","schema":1,"kernel":"synos","build":"00ff","cpus":1,"tsc_khz":1000000,"cmdline":""}';

export function benchJson(value: number | bigint, more = ''): string {
  return `{"kind":"bench","suite":"alloc","name":"pair","metric":"latency","unit":"cycles","value":${value},"iterations":1000,"samples":[${value}],"labels":{"allocator":"pool"}${more}}`;
}

/** A whole stream: hello, the given JSON texts, and an end record that agrees with them. */
export function wholeStream(contents: readonly string[]): string[] {
  const jsons = [helloJson, ...contents];
  const covered = jsons.map((json, sequence) => `${sequence} ${json.length} ${json}`).join('');
  const end = `{"kind":"end","records":${jsons.length},"crc":"${hex(crc32(covered))}"}`;
  return [...jsons, end].map((json, sequence) => frame(sequence, json));
}
