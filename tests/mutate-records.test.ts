// The short form of scripts/soak/mutate-records.ts: no damage makes a record, and none goes unnoticed.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mutateRecords } from '../scripts/soak/mutate-records.ts';
import { asmGuest, bootOnce, type Workshop, workshop } from './boot-rig.ts';
import { benchJson, wholeStream } from './frame-rig.ts';

let shop: Workshop;
beforeAll(() => {
  shop = workshop();
});
afterAll(() => shop[Symbol.dispose]());

/** The log of a real boot: ten records between lines of other text. */
async function recorded(first: number): Promise<Buffer> {
  const jsons = Array.from({ length: 10 }, (_, i) => benchJson(first + i));
  const text = wholeStream(jsons).map((frame, i) =>
    i % 3 === 0 ? `[    0.${i}] cpu: up\r\n${frame}` : frame,
  );
  const octal = [...Buffer.from(text.join(''))].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`);
  const body = ` mov $message, %esi\n call print\n .section .rodata\nmessage: .asciz "${octal.join('')}"\n .text\n`;
  const { log, outcome } = await bootOnce({
    kernel: asmGuest(shop.folder, `of-${first}`, `${body} leave 0x10\n`),
  });
  expect(outcome).toMatchObject({ end: 'passed', records: { length: 10 } });
  return log;
}

it('of damaged streams no wrong record is accepted, and every loss is told', async () => {
  const logs = [await recorded(50), await recorded(70)];
  const result = mutateRecords(logs, 3000, 20_26, () => {});
  expect(result).toMatchObject({ streams: 3000, wrong: 0, silent: 0 });
  // Both kinds of streams were among them, else nothing is shown.
  expect(Math.min(result.whole, result.lossTold)).toBeGreaterThan(100);
}, 60_000);
