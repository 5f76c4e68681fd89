// The top of the page: how the run ended, in one look, and the few figures that most readers came for.

import { bytes, count, duration, number } from '../../../core/words.ts';
import {
  type AllocatorRow,
  type AllocatorTable,
  allocatorTables,
  type ChangeRow,
  changesSince,
  countChanges,
  equalChanges,
} from '../compare.ts';
import { ratio, shellWords } from '../format.ts';
import type { StoredBoot, StoredRun } from '../run.ts';
import { groupWords, seriesName } from '../series-name.ts';
import type { EarlierBoot } from '../store.ts';
import { changeWords } from './change-words.ts';
import type { Gate } from './gate.ts';
import { firstOfEach } from './groups.ts';
import { type Html, html } from './html.ts';

/** `gate`: what a comparison said, which comes right behind how the run ended. */
export function verdictHeader(
  run: StoredRun,
  earlier: readonly (EarlierBoot | undefined)[],
  gate: Pick<Gate, 'says' | 'slower'> | undefined,
): Html {
  const { verdict, git } = run;
  const commit = git
    ? html`<span>commit <code>${git.commit.slice(0, 12)}</code>${git.dirty ? ' with changes' : ''}${git.branch ? ` on ${git.branch}` : ''}</span>`
    : null;
  return html`<header class="top ${verdict.passed ? 'ok' : 'bad'}">
<p class="badge"><span aria-hidden="true">${verdict.passed ? '✓' : '✗'}</span> ${verdict.passed ? 'Passed' : `Failed, exit code ${verdict.exit}`}</p>
<h1>${verdict.reason}</h1>
${gate ? html`<p class="news ${gate.slower > 0 ? 'bad' : 'ok'}"><a href="#gate">${gate.says}</a></p>` : newsSince(run, earlier)}
<p class="facts"><span><code>${shellWords(run.command)}</code></span><span><time datetime="${run.startedAt}">${readableTime(run.startedAt)}</time></span>${commit}<span>${duration(run.durationMs)}</span><span>run <code>${run.id}</code></span></p>
</header>
<ul class="figures">${[...keyFigures(run.boots), ...sinceFigures(run, earlier)]}</ul>`;
}

const mostTold = 3;

/** The exact differences that a reader must not have to look for, the farthest first. */
function newsSince(run: StoredRun, earlier: readonly (EarlierBoot | undefined)[]): Html | null {
  const [found] = firstOfEach(run).flatMap((index) => {
    const boot = run.boots[index] as StoredBoot;
    const rows = changesSince(earlier[index]?.boot, boot).filter(
      ({ change }) => change === 'more' || change === 'fewer',
    );
    return rows.length > 0 ? [{ boot, rows }] : [];
  });
  if (!found) return null;
  const far = ({ ratio: value }: ChangeRow): number =>
    value === null ? Number.POSITIVE_INFINITY : Math.abs(Math.log(value));
  const told = found.rows.sort((a, b) => far(b) - far(a)).slice(0, mostTold);
  const items = told.map(
    (row) =>
      html`<li><a href="#metrics">${seriesName(row.record)}</a> ${number(row.before ?? 0)} &rarr; ${number(row.now ?? 0)} (${changeWords(row)})</li>`,
  );
  const rest = found.rows.length - told.length;
  return html`<ul class="news" data-boot="${groupWords(found.boot)}" aria-label="What changed most since the run before">${items}${rest > 0 ? html`<li><a href="#changes">and ${number(rest)} more</a></li>` : null}</ul>`;
}

export function readableTime(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

function figure(name: string, value: string, unit: string, more: string): Html {
  return html`<li><span class="name">${name}</span><span class="value">${value} <small>${unit}</small></span><span class="more">${more}</span></li>`;
}

function keyFigures(boots: readonly StoredBoot[]): Html[] {
  const pair = pairOf(boots);
  const first = boots[0];
  if (!first) return [];
  const sum = (of: (boot: StoredBoot) => number): number =>
    boots.reduce((total, boot) => total + of(boot), 0);
  const [passed, failed] = [sum((boot) => boot.tests.passed), sum((boot) => boot.tests.failed)];
  const lost = sum((boot) => boot.missing.length + boot.refused.length);
  const whole = boots.every((boot) => boot.end === 'passed' || boot.end === 'failed');
  const ready = first.timing.firstRecordMs;
  return [
    ...(pair ? [pairFigure(pair.table, pair.row)] : []),
    figure(
      'In-kernel tests',
      passed + failed === 0 ? '–' : number(passed),
      passed + failed === 0 ? 'none ran' : `of ${number(passed + failed)} passed`,
      [...new Set(boots.map((boot) => boot.machine))].join(', '),
    ),
    figure(
      'Records',
      number(sum((boot) => boot.records.length)),
      'harvested',
      lost > 0
        ? `${number(lost)} missing or refused`
        : whole
          ? 'none missing, none refused'
          : 'up to where it ended',
    ),
    figure(
      first.timing.prewarmed ? 'Start to first record' : 'QEMU to first record',
      ready === null ? '–' : duration(ready),
      '',
      `${first.machine}; whole boot ${duration(first.timing.totalMs)}`,
    ),
  ];
}

// The pair of 4 KiB is what the pools are judged by; a kernel without it shows its first comparison.
function pairOf(boots: readonly StoredBoot[]): { table: AllocatorTable; row: AllocatorRow } | undefined {
  const tables = boots.flatMap((boot) => allocatorTables(boot)).filter((one) => one.cost);
  const table = tables.find((one) => one.name === 'pair') ?? tables[0];
  const row = table?.rows.find((one) => one.bytes === 4096) ?? table?.rows[0];
  return table && row ? { table, row } : undefined;
}

function pairFigure(table: AllocatorTable, row: AllocatorRow): Html {
  const pool = row.cells.find((cell) => cell.allocator === 'pool') ?? row.cells[0];
  const others = row.cells
    .filter((cell) => cell !== pool && (cell.allocator === 'heap' || cell.allocator === 'firstfit-holes'))
    .map((cell) => `${cell.allocator} ${number(cell.record.value)} (${ratio(cell.ratio).replace('x', '×')})`);
  const size = row.bytes === null ? row.case : bytes(row.bytes);
  return figure(
    `${table.name}, ${size}, ${pool?.allocator ?? ''}`,
    number(pool?.record.value ?? 0),
    table.unit,
    others.join(' · '),
  );
}

function sinceFigures(run: StoredRun, earlier: readonly (EarlierBoot | undefined)[]): Html[] {
  const all = firstOfEach(run).map((index) =>
    changesSince(earlier[index]?.boot, run.boots[index] as StoredBoot),
  );
  // What two boots say alike is one change of the kernel.
  const rows = all
    .filter((one, index) => all.findIndex((other) => other === one || equalChanges(other, one)) === index)
    .flat();
  if (run.boots.every((boot) => boot.records.length === 0)) return [];
  if (rows.length === 0) return [figure('Since the run before', '–', '', 'no earlier run may be compared')];
  const counts = countChanges(rows);
  const changed = counts.fewer + counts.more;
  if (counts.undecided > 0) {
    return [
      figure(
        'Since the run before',
        number(counts.undecided),
        'undecided',
        'timed figures of one run each decide nothing',
      ),
    ];
  }
  const rest = [
    counts.new > 0 ? `${number(counts.new)} new` : '',
    counts.gone > 0 ? `${number(counts.gone)} gone` : '',
  ];
  const detail = [`${count(counts.same, 'series', 'series')} the same`, ...rest]
    .filter((text) => text !== '')
    .join(', ');
  return [
    figure('Since the run before', number(changed), changed === 1 ? 'exact change' : 'exact changes', detail),
  ];
}
