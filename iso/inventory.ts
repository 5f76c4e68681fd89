// A door of this wing: what an image that lies there is made of. Building needs none of it, so all of it is loaded when it is asked for.
import { digestOfFile } from '../core/digest.ts';
import type { ImageDifference } from '../core/image-difference.ts';
import type { ImageSize } from '../core/image-size.ts';

export type SbomFormat = 'cyclonedx' | 'spdx';

export type Sbom = {
  /** Path of the image's file. */
  readonly image: string;
  /** One a format, in their order. */
  readonly texts: readonly string[];
  readonly packages: number;
  /** Packages by what is known of their licences. */
  readonly licences: {
    readonly listed: number;
    readonly mixed: number;
    readonly text: number;
    readonly none: number;
  };
  /** Files that no package brought. */
  readonly loose: number;
};

/** `version` is of SynOS. Throws SynosError input.missing, artefact.invalid, lock.invalid, tool.missing, as all here. */
export async function makeSbom(path: string, formats: readonly SbomFormat[], version: string): Promise<Sbom> {
  const { openImage } = await import('./inventory/image.ts');
  const { billOf, licenceCounts } = await import('./inventory/bill.ts');
  const image = await openImage(path, { copyrights: true });
  const bill = billOf(image, await digestOfFile(image.path));
  const texts: string[] = [];
  for (const format of formats) {
    if (format === 'spdx') texts.push((await import('./inventory/spdx.ts')).spdx(bill, version));
    else texts.push((await import('./inventory/cyclonedx.ts')).cycloneDx(bill, version));
  }
  return {
    image: image.path,
    texts,
    packages: bill.packages.length,
    licences: licenceCounts(bill),
    loose: bill.loose.length,
  };
}

export async function measureImage(path: string): Promise<ImageSize> {
  const { openImage } = await import('./inventory/image.ts');
  const { sizesOf } = await import('./inventory/sizes.ts');
  return sizesOf(await openImage(path, { copyrights: false }));
}

export async function compareImages(before: string, now: string): Promise<ImageDifference> {
  const { openImage } = await import('./inventory/image.ts');
  const { differenceOf } = await import('./inventory/difference.ts');
  const [a, b] = [
    await openImage(before, { copyrights: false }),
    await openImage(now, { copyrights: false }),
  ];
  return differenceOf(a, b);
}
