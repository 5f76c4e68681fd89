// `synos size`: what makes an image large, in the terminal or as a page.
import { resolve } from 'node:path';
import { checkOutFile } from '../../core/out-file.ts';
import { measureImage } from '../../iso/inventory.ts';
import { columnsOf, styleFor, writeErr, writeOut } from '../ui/output.ts';
import type { Options } from './build.ts';
import type { Flags } from './flags.ts';
import { imageNamed } from './image-named.ts';
import { sizeText } from './size-text.ts';

export async function size(flags: Flags, [name]: readonly string[], options: Options): Promise<number> {
  const page = typeof options['html'] === 'string' ? resolve(options['html']) : undefined;
  if (page !== undefined) checkOutFile(page);
  const sizes = await measureImage(imageNamed(flags, name));
  if (page !== undefined) {
    const { writeReport } = await import('../results/report.ts');
    const { sizePage } = await import('../results/report/size-page.ts');
    writeReport(page, sizePage(sizes));
    if (!flags.quiet) writeErr(`page: ${page}`);
  }
  if (flags.json) writeOut(JSON.stringify({ schema: 'synos.size/1', ...sizes }));
  else if (page === undefined && !flags.quiet) {
    const view = { columns: columnsOf(process.stdout), style: styleFor(process.stdout), all: flags.verbose };
    writeOut(sizeText(sizes, view));
  }
  return 0;
}
