// The verdicts of a comparison of two sides: in one line for the top of the page, and metric by metric. Loaded for runs that were compared.

import { count, number } from '../../../core/words.ts';
import { type ComparedGroup, type ComparedMetric, type Comparison, metricsOf } from '../comparison.ts';
import {
  changeText,
  comparisonSummary,
  differingTexts,
  pText,
  rulesText,
  verdictWords,
} from '../comparison-text.ts';
import { interval } from '../format.ts';
import { groupWords, seriesName } from '../series-name.ts';
import { commandLine } from './commands.ts';
import { type Html, html } from './html.ts';

/** For the page: one line, whether a cost grew, and the section. */
export type Gate = { readonly says: string; readonly slower: number; readonly section: Html };

const mostDifferent = 100;
const mostOpen = 20;

/** `command`: what compares the two sides again. */
export function makeGate(comparison: Comparison, command: string): Gate {
  const metrics = metricsOf(comparison);
  const { before } = comparison;
  const against = before.commits.map((commit) => commit.slice(0, 12)).join(', ');
  const leftOut = before.leftOut + comparison.now.leftOut;
  const remarks = [
    ...comparison.unmatched.map((text) => `Not compared: ${text}.`),
    ...(leftOut > 0 ? [`Left out: ${count(leftOut, 'boot')} without whole results.`] : []),
  ];
  return {
    says: `Against ${against || 'stored runs'}: ${comparisonSummary(comparison)}`,
    slower: metrics.filter(({ verdict }) => verdict === 'slower').length,
    section: html`<section id="gate" aria-labelledby="gate-h"><h2 id="gate-h">Against ${against || 'stored runs'}</h2>
${comparison.groups.map((group) => groupPart(group, comparison))}${remarks.map((text) => html`<p class="warn">${text}</p>`)}${commandLine(command)}</section>`,
  };
}

function groupPart(group: ComparedGroup, { rules }: Comparison): Html {
  const { metrics, boots } = group;
  const by = (...verdicts: readonly ComparedMetric['verdict'][]): ComparedMetric[] =>
    metrics.filter(({ verdict }) => verdicts.includes(verdict)).sort((a, b) => distance(b) - distance(a));
  const [slower, other, open] = [by('slower'), by('faster', 'higher', 'lower'), by('undecided')];
  const same = metrics.length - slower.length - other.length - open.length;
  const parts = [
    part('Slower', slower, group, mostDifferent),
    part('Faster, or other than before', other, group, mostDifferent),
    part('Undecided', open, group, mostOpen),
  ];
  return html`<div data-boot="${groupWords(group)}"><h3>${groupWords(group)}: ${count(boots.before, 'boot')} before, ${number(boots.now)} now</h3>
<p class="note">${rulesText(group, rules)}. ${number(same)} of ${count(metrics.length, 'metric')} the same${names('gone', group.gone)}${names('new', group.new)}.</p>${differingTexts(group).map((text) => html`<p class="warn">${text}</p>`)}${parts}</div>`;
}

function names(word: string, all: ComparedGroup['gone']): string {
  if (all.length === 0) return '';
  return `; ${number(all.length)} ${word} (${all.slice(0, 3).map(seriesName).join('; ')}${all.length > 3 ? '; …' : ''})`;
}

function part(
  title: string,
  rows: readonly ComparedMetric[],
  { exact }: ComparedGroup,
  most: number,
): Html | null {
  if (rows.length === 0) return null;
  const rest = rows.length - most;
  const more = exact ? null : html`<th scope="col" class="n">95 %<th scope="col" class="n">p`;
  return html`<details${title === 'Undecided' ? null : html` open`}><summary>${title} (${number(rows.length)})</summary><div class="scroll" tabindex="0" role="region" aria-label="${title}"><table class="list changes">
<thead><tr><th scope="col">series<th scope="col" class="n">before<th scope="col" class="n">now<th scope="col" class="n">ratio${more}<th scope="col">verdict</thead>
<tbody>${rows.slice(0, most).map((metric) => row(metric, exact))}</table></div>${rest > 0 ? html`<p>and ${number(rest)} more</p>` : null}</details>`;
}

function row(metric: ComparedMetric, exact: boolean): Html {
  const range = metric.interval ? interval(metric.interval) : '';
  const more = exact ? null : html`<td class="n">${range.replace('x', '')}<td class="n">${pText(metric.p)}`;
  return html`<tr class="v-${metric.verdict}"><th scope="row"><a href="#metrics">${seriesName(metric)}</a> <small>${metric.unit}</small><td class="n">${number(metric.before)}<td class="n">${number(metric.now)}
<td class="n">${changeText(metric, exact).replace('x', '×')}${more}<td>${verdictWords(metric, false)}
`;
}

const distance = ({ ratio }: ComparedMetric): number =>
  ratio === null || ratio <= 0 ? Number.POSITIVE_INFINITY : Math.abs(Math.log(ratio));
