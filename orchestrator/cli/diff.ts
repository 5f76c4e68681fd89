// `synos diff BEFORE NOW`: what differs between two images.
import { compareImages } from '../../iso/inventory.ts';
import { columnsOf, styleFor, writeOut } from '../ui/output.ts';
import type { Options } from './build.ts';
import { differenceText, isSame } from './diff-text.ts';
import type { Flags } from './flags.ts';
import { imageNamed } from './image-named.ts';

export async function diff(
  flags: Flags,
  [before, now]: readonly string[],
  options: Options,
): Promise<number> {
  const difference = await compareImages(imageNamed(flags, before), imageNamed(flags, now));
  const same = isSame(difference);
  if (flags.json) writeOut(JSON.stringify({ schema: 'synos.diff/1', same, ...difference }));
  else if (!flags.quiet) {
    const view = { columns: columnsOf(process.stdout), style: styleFor(process.stdout), all: flags.verbose };
    writeOut(differenceText(difference, view));
  }
  return options['check'] === true && !same ? 1 : 0;
}
