// Serial logs of two real boots of a small guest: ten records between lines of other text; the second has other figures under the same numbers.
import { asmGuest, bootOnce, workshop } from './boot-rig.ts';
import { benchJson, wholeStream } from './frame-rig.ts';

export async function recordedBoots(): Promise<Buffer[]> {
  using shop = workshop();
  return [await recorded(shop.folder, 50), await recorded(shop.folder, 70)];
}

async function recorded(folder: string, first: number): Promise<Buffer> {
  const jsons = Array.from({ length: 10 }, (_, i) => benchJson(first + i));
  const text = wholeStream(jsons).map((frame, i) =>
    i % 3 === 0 ? `[    0.${i}] cpu: up\r\n${frame}` : frame,
  );
  const octal = [...Buffer.from(text.join(''))].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`);
  const body = ` mov $message, %esi\n call print\n .section .rodata\nmessage: .asciz "${octal.join('')}"\n .text\n`;
  const { log, outcome } = await bootOnce({
    kernel: asmGuest(folder, `of-${first}`, `${body} leave 0x10\n`),
  });
  if (outcome.end !== 'passed') throw new Error(outcome.reason);
  return log;
}
