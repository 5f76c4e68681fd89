// `synos sbom`: the bill of materials of an image, as CycloneDX and as SPDX.
import { basename, join, relative, resolve } from 'node:path';
import { SynosError } from '../../core/failure.ts';
import { checkOutFile, writeOutFile } from '../../core/out-file.ts';
import { count, number } from '../../core/words.ts';
import { makeSbom, type Sbom, type SbomFormat } from '../../iso/inventory.ts';
import { writeErr, writeOut } from '../ui/output.ts';
import type { Options } from './build.ts';
import type { Flags } from './flags.ts';
import { imageNamed } from './image-named.ts';
import { version } from './version.ts';

const endings: { readonly [F in SbomFormat]: string } = { cyclonedx: 'cdx.json', spdx: 'spdx.json' };

export async function sbom(flags: Flags, [name]: readonly string[], options: Options): Promise<number> {
  const image = imageNamed(flags, name);
  const format = options['format'] as SbomFormat | undefined;
  const output = typeof options['output'] === 'string' ? resolve(options['output']) : undefined;
  if (output !== undefined && format === undefined)
    throw new SynosError({
      code: 'usage',
      message: '--output is for one format',
      hint: 'name it with --format; without both, the two lie beside the image',
    });
  if (output !== undefined) checkOutFile(output);
  const formats: SbomFormat[] = format === undefined ? ['cyclonedx', 'spdx'] : [format];
  const made = await makeSbom(image, formats, version());
  const files = format === undefined ? formats.map((one) => beside(made.image, one)) : [output];
  for (const [index, file] of files.entries()) {
    const text = made.texts[index] ?? '';
    if (file !== undefined) writeOutFile(file, text);
    else if (!flags.json) writeOut(text);
  }
  tell(
    flags,
    made,
    files.flatMap((file) => file ?? []),
  );
  return 0;
}

const beside = (image: string, format: SbomFormat): string =>
  join(image, '..', `${basename(image).replace(/\.[^.]*$/, '')}.${endings[format]}`);

function tell(flags: Flags, { packages, licences, loose }: Sbom, written: readonly string[]): void {
  const files = written.map((file) => relative(process.cwd(), file));
  if (flags.json) {
    writeOut(JSON.stringify({ schema: 'synos.sbom/1', files, packages, licences, loose }));
    return;
  }
  for (const file of files) writeOut(file);
  if (flags.quiet) return;
  const { listed, mixed, text, none } = licences;
  writeErr(
    `${count(packages, 'package')}; licences: ${number(listed)} as SPDX expressions, ${number(mixed)} with some texts of their own, ` +
      `${number(text)} as text only, ${number(none)} unknown; ${count(loose, 'file')} of no package`,
  );
}
