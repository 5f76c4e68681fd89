// The sizes of an image as a page of their own. It fetches nothing.
import type { ImageSize } from '../../../core/image-size.ts';
import { assetText } from '../assets.ts';
import { html } from './html.ts';
import { pack } from './pack.ts';
import { shell } from './shell.ts';
import { sizePart } from './size.ts';

export function sizePage(sizes: ImageSize): string {
  const { section, data } = sizePart(sizes);
  return shell({
    title: `Size of ${sizes.image}`,
    style: assetText('report.css'),
    script: assetText('report.js'),
    data: pack({ groups: [], traces: [], profiles: [], maps: [data] }, []),
    body: html`<a class="skip" href="#size">Skip to the sizes</a>
<main tabindex="-1"><h1>Size of ${sizes.image}</h1>${section}</main>
<footer><p>Made by SynOS. This page is complete: it loads nothing from anywhere.</p></footer>`,
  });
}
