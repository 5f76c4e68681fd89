// Pictures of a run's screens for its page, which carries them inside itself: as many as it has room for.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../core/digest.ts';
import { mostPngBytes, type PngSize, pngSize } from '../../core/png.ts';
import type { StoredBoot, StoredRun } from './run.ts';

/** `url` is a data URL. */
export type Picture = PngSize & { readonly url: string };

/** Characters of a page with its pictures, and of all pictures of one. A page that is larger by itself shows a few text screens. */
const page = 400_000;
const mostPictures = 150_000;
const leastPictures = 20_000;

/**
 * One for each boot, for a page that has `used` characters without them. Undefined: none was taken, another run's lies in its place, or
 * there is no room for it.
 */
export function picturesOf(
  { boots }: Pick<StoredRun, 'boots'>,
  tree: string,
  used: number,
): (Picture | undefined)[] {
  let room = Math.max(leastPictures, Math.min(mostPictures, page - used));
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
