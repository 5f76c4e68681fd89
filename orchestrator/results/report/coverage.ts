// Coverage on the page: how much of each folder and file ran, and behind each file the lines that never did.
import type { Coverage, CoveredFile } from '../../../core/coverage.ts';
import { count, number } from '../../../core/words.ts';
import {
  foldersOf,
  percentOf,
  percentText,
  rangeText,
  type Share,
  totalsOf,
  uncoveredRanges,
} from '../coverage/totals.ts';
import { type Html, html } from './html.ts';

/** Characters of ranges on one page; files behind that are named with their figures only. */
const mostRanges = 60_000;
const mostFiles = 400;

export function coverageSection(coverage: Coverage): Html {
  const { lines, functions } = totalsOf(coverage.files);
  let room = mostRanges;
  const ranges = (file: CoveredFile): string => {
    const text = uncoveredRanges(file).map(rangeText).join(', ');
    room -= text.length;
    return room < 0 ? '' : text;
  };
  return html`<section id="coverage" aria-labelledby="coverage-h"><h2 id="coverage-h">Coverage</h2>
<p class="lead"><b>${percentText(lines)}</b> of ${count(lines.all, 'line')} and ${percentText(functions)} of ${count(functions.all, 'function')} ran on ${coverage.machine}.</p>
${coverage.notes.map((note) => html`<p class="note">${note}</p>`)}
${foldersOf(coverage.files).map(({ path, files }) => folder(path, files, ranges))}</section>`;
}

function folder(path: string, files: readonly CoveredFile[], ranges: (file: CoveredFile) => string): Html {
  const { lines, functions } = totalsOf(files);
  const rest = files.length - mostFiles;
  return html`<details class="cov"><summary>${bar(lines)} <b>${path === '.' ? path : `${path}/`}</b> <small>${figures(lines, functions)}</small></summary>
<div class="scroll" tabindex="0" role="region" aria-label="Coverage of ${path}"><table class="list"><thead><tr><th scope="col">file</th><th scope="col" class="n">lines</th><th scope="col"></th><th scope="col" class="n">functions</th></tr></thead>
<tbody>${files.slice(0, mostFiles).map((file) => row(file, ranges(file)))}</tbody></table></div>${rest > 0 ? html`<p>and ${count(rest, 'file')} more</p>` : null}</details>`;
}

function row(file: CoveredFile, ranges: string): Html {
  const { lines, functions } = totalsOf([file]);
  const never = file.functions.filter((one) => one.count === 0).map(({ name }) => name);
  const told = html`${ranges}${never.length === 0 ? null : html`<br><small>never entered: ${never.slice(0, 20).join(', ')}${never.length > 20 ? ` and ${number(never.length - 20)} more` : ''}</small>`}`;
  const missed = lines.ran < lines.all || never.length > 0;
  // Below the name, so that a phone has room for it.
  return html`<tr><th scope="row">${file.path.slice(file.path.lastIndexOf('/') + 1)}${missed ? html`<details><summary>${count(lines.all - lines.ran, 'line')} never ran</summary>${told}</details>` : null}</th><td class="n">${number(lines.ran)}/${number(lines.all)}</td><td>${bar(lines)}</td>
<td class="n">${number(functions.ran)}/${number(functions.all)}</td></tr>`;
}

const figures = (lines: Share, functions: Share): string =>
  `${number(lines.ran)} of ${count(lines.all, 'line')}, ${number(functions.ran)} of ${count(functions.all, 'function')}`;

// A meter says its value to those who do not see it, needs no script, and follows the page's colours.
function bar(share: Share): Html {
  const percent = percentOf(share) ?? 0;
  return html`<meter min="0" max="100" value="${percent}">${percent} %</meter> ${percentText(share)}`;
}
