// A stored run as one HTML page that stands alone: opened from disk, attached to a pull request, printed. It fetches nothing.
import { writeWithFolder } from '../../core/out-file.ts';
import { assetText } from './assets.ts';
import { allocatorSection, fragmentSection } from './report/allocators.ts';
import { bootsSection } from './report/boots.ts';
import { changesSection } from './report/changes.ts';
import type { Gate } from './report/gate.ts';
import { type MetricGroup, metricGroups } from './report/groups.ts';
import { type Html, html } from './report/html.ts';
import { metricData, metricsSection } from './report/metrics.ts';
import { glossary, originSection } from './report/origin.ts';
import { pack } from './report/pack.ts';
import type { ProfilePart } from './report/profile.ts';
import { shell } from './report/shell.ts';
import { traceCharts, traceSection } from './report/traces.ts';
import { verdictHeader } from './report/verdict.ts';
import type { StoredRun } from './run.ts';
import type { Picture } from './screens.ts';
import type { EarlierBoot } from './store.ts';
import type { StoredHistory } from './store-history.ts';

export type ReportInput = {
  readonly run: StoredRun;
  /** Of Store.earlierBoots: one for each boot of the run. */
  readonly earlier?: readonly (EarlierBoot | undefined)[];
  /** Of Store.trends: one for each boot of the run. */
  readonly trends?: readonly StoredHistory[];
  /** Of picturesOf: one for each boot of the run. */
  readonly pictures?: readonly (Picture | undefined)[];
  /** Of makeGate, when the run was compared, and the runs that it was compared with. */
  readonly gate?: Gate;
  readonly against?: readonly StoredRun[];
  /** Of profilePart, when a boot has a profile. */
  readonly profile?: ProfilePart;
  /** Of report/coverage.ts, which few runs need. */
  readonly coverage?: Html | null;
};

/** The page's text. Pure but for reading its own style and script from the installation. */
export function renderReport(input: ReportInput): string {
  const {
    run,
    earlier = [],
    trends = [],
    pictures = [],
    gate,
    against = [],
    profile,
    coverage = null,
  } = input;
  const metrics = metricGroups(run, { earlier, trends, against });
  const sections = sectionsOf({ run, earlier, pictures, gate, profile, coverage }, metrics);
  const bytes: number[] = [];
  const groups = metricData(run, metrics, bytes);
  const data = { groups, traces: traceCharts(run.boots), profiles: profile?.data ?? [] };
  // uPlot is a sixth of the page: without anything to draw it stays out.
  const drawn = groups.length + data.traces.length > 0;
  return shell({
    title: `${run.verdict.passed ? 'Passed' : 'Failed'}: SynOS run ${run.id}`,
    style: assetText('report.css') + (drawn ? assetText('uplot.css') : ''),
    script: (drawn ? assetText('uplot.js') : '') + assetText('report.js'),
    data: pack(data, [...bytes, ...(profile?.bytes ?? [])]),
    body: body(verdictHeader(run, earlier, gate), sections, run),
  });
}

/** Its id, its name in the list of sections, and itself where there is something to show. */
type Section = readonly [id: string, name: string, section: Html | null];

type Shown = Required<Pick<ReportInput, 'run' | 'earlier' | 'pictures'>> & {
  readonly gate: Gate | undefined;
  readonly profile: ProfilePart | undefined;
  readonly coverage: Html | null;
};

/** In the order of the page. A new section is one line here. */
function sectionsOf(
  { run, earlier, pictures, gate, profile, coverage }: Shown,
  groups: readonly MetricGroup[],
): Section[] {
  const { boots } = run;
  const measured = boots.some((boot) => boot.records.length > 0);
  const figures: Section[] = [
    ['gate', 'Against', gate?.section ?? null],
    ['changes', 'Since the run before', measured ? changesSection(run, earlier) : null],
    ['metrics', 'Metrics', metricsSection(groups)],
    ['profile', 'Profile', profile?.section ?? null],
    ['allocators', 'Pool v heap', allocatorSection(run)],
    ['fragments', 'Fragmentation', fragmentSection(run)],
    ['traces', 'Traces', traceSection(run)],
    ['coverage', 'Coverage', coverage],
  ];
  const evidence: Section = [
    'boots',
    boots.length === 1 ? 'The boot' : 'Boots',
    bootsSection(boots, pictures),
  ];
  const origin: Section[] = [
    ['origin', 'Provenance', originSection(run)],
    ['words', 'How the figures were made', glossary()],
  ];
  // After a failure the evidence is what the reader came for.
  return run.verdict.passed ? [...figures, evidence, ...origin] : [evidence, ...figures, ...origin];
}

function body(header: Html, sections: readonly Section[], run: StoredRun): Html {
  const nav = sections.map(([id, name, section]) => section && html`<a href="#${id}">${name}</a>`);
  return html`<a class="skip" href="#main">Skip to the results</a>
${header}
<nav aria-label="Sections">${nav}</nav>
<main id="main" tabindex="-1">${sections.map(([, , section]) => section)}</main>
<footer><p>Made by SynOS ${run.synos} from stored run <code>${run.id}</code>. This page is complete: it loads nothing from anywhere.</p></footer>`;
}

/** Writes a whole page or none. Throws SynosError path.unwritable, disk.full. */
export function writeReport(path: string, page: string): void {
  writeWithFolder(path, page);
}
