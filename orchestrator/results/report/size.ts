// The sizes of an image on a page: a map that the script draws, and all figures as tables.
import type { ImageSize, PackageWeight, SizeTree, Weighed } from '../../../core/image-size.ts';
import { bytes, count, number } from '../../../core/words.ts';
import { type Html, html } from './html.ts';

/** For the script: a name, packed and installed bytes, files, and what is in it. page/treemap.js reads it. */
type MapRow = readonly [
  name: string,
  packed: number,
  installed: number,
  files: number,
  children: readonly MapRow[],
];
type MapData = { readonly views: readonly { readonly title: string; readonly tree: MapRow }[] };

export type SizePart = { readonly section: Html; readonly data: MapData };

export function sizePart(sizes: ImageSize): SizePart {
  const { total, packages, groups } = sizes;
  const all = packages.filter(({ name }) => name !== '').length;
  return {
    data: {
      views: [
        { title: 'packages', tree: packageTree(sizes) },
        { title: 'folders', tree: folderTree(sizes.folders) },
      ],
    },
    section: html`<section id="size" aria-labelledby="size-h"><h2 id="size-h">What makes the image large</h2>
<p class="lead"><b>${bytes(sizes.bytes)}</b>: ${count(all, 'package')} with ${count(total.files, 'file')} of ${bytes(total.installed)}, packed ${bytes(total.packed)}.</p>
<div class="card"><div class="flame map" data-map="0"></div></div>
${packageTable(sizes)}
${groups.some(({ name }) => name !== '') ? weighedTable('Groups', 'group', groups, total.packed) : null}
${weighedTable('Kinds of files', 'kind', sizes.kinds, total.packed)}
${savings(sizes)}</section>`,
  };
}

const rowOf = ({ name, packed, installed, files }: Weighed, children: readonly MapRow[]): MapRow => [
  name,
  packed,
  installed,
  files,
  children,
];

function packageTree({ image, total, groups, packages }: ImageSize): MapRow {
  const named = (name: string, instead: string): string => (name === '' ? instead : name);
  const children = groups.map((group) =>
    rowOf(
      { ...group, name: named(group.name, 'of no package') },
      packages
        .filter((row) => row.group === group.name)
        .map((row) => rowOf({ ...row, name: named(row.name, 'of no package') }, [])),
    ),
  );
  return rowOf({ ...total, name: image }, children);
}

const folderTree = (folder: SizeTree): MapRow => rowOf(folder, folder.children.map(folderTree));

const percent = (part: number, whole: number): string =>
  whole > 0 ? `${((100 * part) / whole).toFixed(1)} %` : '–';

const aloneText = ({ alone }: PackageWeight): string =>
  !alone ? '' : alone.packages === 0 ? 'needed' : `${bytes(alone.packed)} in ${number(alone.packages)}`;

function packageTable({ packages, total }: ImageSize): Html {
  return html`<details><summary>All packages <small>${number(packages.length)}</small></summary>
<div class="scroll tall" tabindex="0" role="region" aria-label="All packages"><table class="list"><thead><tr><th scope="col">package</th><th scope="col" class="n">packed</th><th scope="col" class="n">share</th><th scope="col" class="n">installed</th><th scope="col" class="n">alone</th><th scope="col">group</th></tr></thead>
<tbody>${packages.map(
    (
      row,
    ) => html`<tr><th scope="row">${row.name === '' ? '(of no package)' : row.name} <small>${row.version}</small></th><td class="n">${bytes(row.packed)}</td><td class="n">${percent(row.packed, total.packed)}</td><td class="n">${bytes(row.installed)}</td>
<td class="n">${aloneText(row)}</td><td>${row.group}</td></tr>`,
  )}</tbody></table></div>
<p class="note">Alone: what would leave the image, packed, if the lists did not ask for this package, and what it alone needs; needed: others need it anyway.</p></details>`;
}

function weighedTable(title: string, column: string, rows: readonly Weighed[], whole: number): Html {
  return html`<details><summary>${title}</summary>
<div class="scroll" tabindex="0" role="region" aria-label="${title}"><table class="list"><thead><tr><th scope="col">${column}</th><th scope="col" class="n">packed</th><th scope="col" class="n">share</th><th scope="col" class="n">installed</th><th scope="col" class="n">files</th></tr></thead>
<tbody>${rows.map(
    (row) =>
      html`<tr><th scope="row">${row.name === '' ? '(none)' : row.name}</th><td class="n">${bytes(row.packed)}</td><td class="n">${percent(row.packed, whole)}</td><td class="n">${bytes(row.installed)}</td><td class="n">${number(row.files)}</td></tr>`,
  )}</tbody></table></div></details>`;
}

function savings({ savings: rows, total }: ImageSize): Html | null {
  if (rows.length === 0) return null;
  return html`<h3>What few people miss</h3>
<ul>${rows.map(
    (row) =>
      html`<li>${row.name}: ${bytes(row.packed)} packed (${percent(row.packed, total.packed)}), ${bytes(row.installed)} installed; <code>${row.exclude.map((glob) => JSON.stringify(glob)).join(', ')}</code></li>`,
  )}</ul>`;
}
