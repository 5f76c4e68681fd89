// Pictures of a run's screens for its page, which carries them inside itself: as many as it has room for.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../core/digest.ts';
import { mostPngBytes, type PngSize, pngSize } from '../../core/png.ts';
import type { StoredBoot, StoredRun } from './run.ts';

/** `url` is a data URL. */
export type Picture = PngSize & { readonly url: string };

/** Of all pictures of a page, as characters. */
const roomForPictures = 150_000;

/** One for each boot. Undefined: none was taken, another run's lies in its place, or the page has no room for it. */
export function picturesOf({ boots }: Pick<StoredRun, 'boots'>, tree: string): (Picture | undefined)[] {
  let room = roomForPictures;
  return boots.map(({ screen }) => {
    const picture = screen && read(screen, tree);
    if (!picture || picture.url.length > room) return undefined;
    room -= picture.url.length;
    return picture;
  });
}

function read({ path, digest }: NonNullable<StoredBoot['screen']>, tree: string): Picture | undefined {
  const file = join(tree, path);
  try {
    const stat = statSync(file);
    if (!stat.isFile() || stat.size > mostPngBytes) return undefined;
    const data = readFileSync(file);
    const size = digestOf(data) === digest ? pngSize(data) : undefined;
    return size && { ...size, url: `data:image/png;base64,${data.toString('base64')}` };
  } catch {
    return undefined; // cleaned away since
  }
}
