// The summary of a pipeline job as Markdown (GitHub's flavour): verdict first, then steps, what grew, guests, failed tests, what went wrong.
// Whatever came from a guest, a compiler or a configuration stands in code, where Markdown reads nothing.
import { visibleUpTo } from '../../../core/text.ts';
import { count, duration, number } from '../../../core/words.ts';
import { metricsOf } from '../comparison.ts';
import { ratio } from '../format.ts';
import type { StoredBoot } from '../run.ts';
import type { CiDocument, CiResult, CiStep, GateMetric } from './document.ts';
import { codeBlock, codeSpan } from './escape.ts';

type Section = {
  readonly head: readonly string[];
  readonly rows?: readonly string[];
  readonly foot?: readonly string[];
  /** Rows that were left out. */
  readonly lost?: number;
};

const marks = { passed: '✅', failed: '❌', warned: '⚠️', skipped: '➖' } as const;
const longestCell = 160;
const mostRows = 200;
const nothing: Section = { head: [] };

/** At most so many bytes of UTF-8: tables lose whole rows, and say how many. */
export function ciSummary(result: CiResult, mostBytes: number): string {
  let sections: Section[] = [
    verdictOf(result.document),
    steps(result.document),
    grew(result),
    boots(result),
    failed(result),
  ]
    .concat(result.document.steps.filter(({ errors }) => errors.length > 0).map(errorsOf))
    .filter((section) => section.head.length > 0)
    .map((section) => shortened(section, mostRows));
  while (sizeOf(sections) > mostBytes) {
    const longest = sections.reduce((most, one) => (sizeOf([one]) > sizeOf([most]) ? one : most));
    const rows = longest.rows?.length ?? 0;
    if (rows === 0) sections = sections.slice(0, -1);
    else sections = sections.map((one) => (one === longest ? shortened(one, rows >> 1) : one));
  }
  return sections.map(textOf).join('\n');
}

function textOf({ head, rows = [], foot = [], lost = 0 }: Section): string {
  const said = lost > 0 ? ['', `and ${number(lost)} more, left out for length`] : [];
  return [...head, ...rows, ...said, ...foot, ''].join('\n');
}

function sizeOf(sections: readonly Section[]): number {
  return Buffer.byteLength(sections.map(textOf).join('\n'));
}

function shortened(section: Section, most: number): Section {
  const { rows = [], lost = 0 } = section;
  return rows.length <= most
    ? section
    : { ...section, rows: rows.slice(0, most), lost: lost + rows.length - most };
}

function verdictOf({ exit, decidedBy, durationMs, commit, dirty, run }: CiDocument): Section {
  const how = exit === 0 ? '✅ passed' : `❌ failed at ${decidedBy ?? 'its start'} (exit code ${exit})`;
  const what = [
    ...(commit === null ? [] : [`commit ${codeSpan(commit.slice(0, 12))}${dirty ? ' with changes' : ''}`]),
    ...(run === null ? [] : [`run ${codeSpan(run)}`]),
    duration(durationMs),
  ];
  return { head: [`## SynOS: ${how}`, '', what.join(' · ')] };
}

function steps({ steps: all }: CiDocument): Section {
  return {
    head: ['| step | verdict | time | |', '|---|---|---:|---|'],
    rows: all.map(
      ({ name, verdict, durationMs, says }) =>
        `| ${name} | ${marks[verdict]} ${verdict} | ${verdict === 'skipped' ? '' : duration(durationMs)} | ${codeSpan(visibleUpTo(says, longestCell * 2))} |`,
    ),
  };
}

function grew({ document: { grew: metrics, baseline }, comparison }: CiResult): Section {
  if (!comparison || baseline === null) return nothing;
  const differ = metricsOf(comparison).filter(({ verdict }) => verdict === 'faster').length;
  const against = `against ${codeSpan(baseline.name)} (commit ${codeSpan(baseline.commit.slice(0, 12))}, ${baseline.from})`;
  const faster = differ > 0 ? `; ${count(differ, 'metric')} faster` : '';
  const title = `### ${metrics.length === 0 ? 'Nothing is slower' : `${count(metrics.length, 'metric')} slower`}`;
  if (metrics.length === 0) return { head: [title, '', `${against}${faster}`] };
  return {
    head: [title, '', `${against}${faster}`, '', ...grewHead],
    rows: metrics.map(grewRow),
  };
}

const grewHead = ['| metric | machine | before | now | change | |', '|---|---|---:|---:|---:|---|'];

function grewRow({ name, machine, before, now, ratio: times, accepted }: GateMetric): string {
  const why = accepted === null ? '❌' : `accepted: ${codeSpan(visibleUpTo(accepted, longestCell))}`;
  return `| ${codeSpan(visibleUpTo(name, longestCell))} | ${codeSpan(machine)} | ${number(before)} | ${number(now)} | ${changeWords(times)} | ${why} |`;
}

/** One instruction of a million is a change, too: never `1.00x`. */
function changeWords(times: number | null): string {
  if (times === null || times >= 2) return ratio(times);
  return `${times > 1 ? '+' : ''}${Number(((times - 1) * 100).toPrecision(3))} %`;
}

function boots({ run }: CiResult): Section {
  if (!run || run.boots.length === 0) return nothing;
  return {
    head: ['### Guests', '', '| machine | ended | time | tests | figures | |', '|---|---|---:|---|---:|---|'],
    rows: run.boots.map(bootRow),
    foot:
      (run.matrix?.skipped ?? []).length > 0
        ? [
            '',
            `${count(run.matrix?.skipped.length ?? 0, 'cell')} of the matrix left out: no machine can be so`,
          ]
        : [],
  };
}

function bootRow({ machine, end, timing, tests, records, reason, exact }: StoredBoot): string {
  const ran = tests.passed + tests.failed + tests.skipped;
  const told =
    ran === 0 ? '' : `${tests.passed} of ${ran}${tests.skipped > 0 ? `, ${tests.skipped} skipped` : ''}`;
  const mark = end === 'passed' ? marks.passed : marks.failed;
  const why = end === 'passed' ? '' : codeSpan(visibleUpTo(reason, longestCell));
  return `| ${codeSpan(machine)}${exact ? ' (exact)' : ''} | ${mark} ${end} | ${duration(timing.totalMs)} | ${told} | ${records.length} | ${why} |`;
}

function failed({ document: { findings } }: CiResult): Section {
  const tests = findings.filter(({ kind }) => kind === 'test');
  if (tests.length === 0) return nothing;
  return {
    head: ['### Failed tests', '', '| test | says | place |', '|---|---|---|'],
    rows: tests.map(({ title, message, file, line }) => {
      const place = file === null ? '' : codeSpan(`${file}${line === null ? '' : `:${line}`}`);
      return `| ${codeSpan(title)} | ${codeSpan(visibleUpTo(message, longestCell))} | ${place} |`;
    }),
  };
}

const mostErrors = 20;
const mostLines = 60;

function errorsOf({ name, errors }: CiStep): Section {
  const lines = errors
    .slice(0, mostErrors)
    .flatMap(({ message, next }) => [
      ...message.split('\n').slice(0, mostLines),
      ...(next === null ? [] : [`next: ${next}`]),
      '',
    ]);
  return {
    head: [
      `<details><summary>What went wrong at ${name}</summary>`,
      '',
      ...codeBlock(lines.map((line) => line.slice(0, 1000))),
    ],
    foot: [
      ...(errors.length > mostErrors ? ['', `and ${errors.length - mostErrors} more errors`] : []),
      '',
      '</details>',
    ],
  };
}
