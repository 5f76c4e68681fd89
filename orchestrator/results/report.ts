// A stored run as one HTML page that stands alone: opened from disk, attached to a pull request, printed. It fetches nothing.
import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { stringifyExact } from '../../core/json-exact.ts';
import { assetText } from './assets.ts';
import { allocatorSection } from './report/allocators.ts';
import { bootsSection } from './report/boots.ts';
import { changesSection } from './report/changes.ts';
import { type Html, html } from './report/html.ts';
import { glossary, originSection } from './report/origin.ts';
import { samplesSection } from './report/samples.ts';
import { shell } from './report/shell.ts';
import { trendData, trendSection } from './report/trends.ts';
import { verdictHeader } from './report/verdict.ts';
import type { StoredRun } from './run.ts';
import type { EarlierBoot, Trend } from './store.ts';

export type ReportInput = {
  readonly run: StoredRun;
  /** Of Store.earlierBoots: one for each boot of the run. */
  readonly earlier?: readonly (EarlierBoot | undefined)[];
  /** Of Store.trends: one for each boot of the run. */
  readonly trends?: readonly Trend[];
};

/** The page's text. Pure but for reading its own style and script from the installation. */
export function renderReport({ run, earlier = [], trends = [] }: ReportInput): string {
  const data = trendData(run, trends);
  // uPlot is most of the page: without a trend to draw it stays out.
  const drawn = data.length > 0;
  return shell({
    title: `${run.verdict.passed ? 'Passed' : 'Failed'}: SynOS run ${run.id}`,
    style: assetText('report.css') + (drawn ? assetText('uplot.css') : ''),
    script: (drawn ? assetText('uplot.js') : '') + assetText('report.js'),
    data: stringifyExact(data),
    body: body(run, earlier, data),
  });
}

function body(
  run: StoredRun,
  earlier: readonly (EarlierBoot | undefined)[],
  data: ReturnType<typeof trendData>,
): Html {
  const allocators = allocatorSection(run.boots);
  const samples = samplesSection(run.boots);
  const links: [string, string, boolean][] = [
    ['allocators', 'Pool v heap', allocators !== null],
    ['changes', 'Since the run before', true],
    ['trends', 'Trend', true],
    ['samples', 'Samples', samples !== null],
    ['boots', run.boots.length === 1 ? 'The boot' : 'Boots', true],
    ['origin', 'Provenance', true],
    ['words', 'How the figures were made', true],
  ];
  const nav = links.filter(([, , there]) => there).map(([id, name]) => html`<a href="#${id}">${name}</a>`);
  // After a failure the evidence is what the reader came for.
  const boots = bootsSection(run.boots);
  const failed = !run.verdict.passed;
  return html`<a class="skip" href="#main">Skip to the results</a>
${verdictHeader(run, earlier)}
<nav aria-label="Sections">${nav}</nav>
<main id="main">${failed ? boots : null}${allocators}${changesSection(run, earlier)}${trendSection(data)}${samples}${failed ? null : boots}${originSection(run)}${glossary()}</main>
<footer><p>Made by SynOS ${run.synos} from stored run <code>${run.id}</code>. This page is complete: it loads nothing from anywhere.</p></footer>`;
}

/** Writes a whole page or none. Throws the file system's error, which core/failure.ts turns into disk.full or path.unwritable. */
export function writeReport(path: string, page: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const part = `${path}.${randomBytes(4).toString('hex')}.part`;
  try {
    writeFileSync(part, page);
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}
