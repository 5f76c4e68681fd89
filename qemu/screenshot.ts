// What a machine's display shows at its end, as a PNG file. QEMU writes it as it can, and it is looked at when QEMU is gone.
import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { mostPngBytes, pngSize } from '../core/png.ts';
import { visibleUpTo } from '../core/text.ts';
import { files } from './files.ts';
import type { Qmp } from './qmp.ts';

/** A loaded host takes its time; a CPU that is held by a plugin lets QEMU wait for ever. */
const pictureMs = 4000;

/** Resolves with what tells, when QEMU is gone, why there is no `files.screen` in the folder; undefined: it is there. */
export async function takeScreenshot(order: Qmp['execute'], work: string): Promise<() => string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('QEMU took too long for it'), pictureMs);
  });
  const taken = order('screendump', { filename: files.screen, format: 'png' }).then(
    () => undefined,
    (error: unknown) => visibleUpTo(error instanceof Error ? error.message : String(error), 200),
  );
  const failed = await Promise.race([taken, late]);
  clearTimeout(timer);
  return () => {
    const path = join(work, files.screen);
    const why = failed ?? wrongWith(path);
    if (why === undefined) return undefined;
    rmSync(path, { force: true });
    return `no screenshot: ${why}`;
  };
}

function wrongWith(path: string): string | undefined {
  const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes === 0) return 'QEMU wrote nothing';
  if (bytes > mostPngBytes) return `${bytes} bytes are more than the ${mostPngBytes} that are kept`;
  return pngSize(readFileSync(path)) ? undefined : 'QEMU wrote no whole PNG image';
}
