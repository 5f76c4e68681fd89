// OpenMetrics and Prometheus text. prom-client writes it; a reader of our own takes what either has of single figures.
// https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
import { Gauge, Registry } from 'prom-client';
import { units as ourUnits, type Unit } from '../../../core/record.ts';
import { visible } from '../../../core/text.ts';
import type { StoredRun } from '../run.ts';
import { FormatFault } from './fault.ts';
import type { Figure, Foreign, ReadOptions } from './foreign.ts';
import { leftOutOf, middleOf, type Series, seriesOf, type Written } from './series.ts';
import type { Source } from './source.ts';
import { inUnit, type UnitOf, unitOf } from './units.ts';

const tool = 'openmetrics';
const prefix = 'synos_';

// Seconds, as its readers expect; all else in our own units.
const familyOf = (unit: Unit): string =>
  `${prefix}${unit === 'ns' ? 'seconds' : unit.replace('/s', '_per_second')}`;

/** Of several boots the median: a scrape has one value a series. */
export async function writeOpenMetrics(run: StoredRun): Promise<Written> {
  const all = seriesOf(run);
  const registry = new Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  for (const unit of ourUnits) {
    const members = all.filter((series) => series.unit === unit);
    if (members.length > 0) addFamily(registry, unit, members);
  }
  const rounded = all.filter((series) => typeof middleOf(series) === 'bigint').length;
  return {
    text: await registry.metrics(),
    leftOut: leftOutOf(rounded, 'figures have their last digits', 'the format holds 53 bits'),
  };
}

function addFamily(
  registry: Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>,
  unit: Unit,
  members: readonly Series[],
): void {
  const labelled = members.map((series) => ({ series, labels: labelsOf(series) }));
  const gauge = new Gauge({
    name: familyOf(unit),
    help: `What SynOS measured in ${unit === 'ns' ? 'seconds' : unit}`,
    labelNames: [...new Set(labelled.flatMap(({ labels }) => Object.keys(labels)))],
    registers: [registry],
  });
  for (const { series, labels } of labelled) {
    const value = Number(middleOf(series));
    gauge.set(labels, unit === 'ns' ? value / 1e9 : value);
  }
}

const reserved = ['suite', 'name', 'metric'];

function labelsOf({ suite, name, metric, labels }: Series): { [label: string]: string } {
  const own = Object.entries(labels).map(([key, text]) => [labelName(key), text]);
  return { suite, name, metric, ...Object.fromEntries(own) };
}

function labelName(key: string): string {
  if (/^[A-Za-z][A-Za-z0-9_]*$/.test(key) && !reserved.includes(key) && !key.startsWith('label_')) return key;
  return `label_${key.replace(/[^A-Za-z0-9]/gu, (one) => `_x${one.codePointAt(0)?.toString(16)}_`)}`;
}

function keyOfLabel(name: string): string {
  if (!name.startsWith('label_')) return name;
  return visible(
    name.slice('label_'.length).replace(/_x([0-9a-f]{1,6})_/g, (whole, hex: string) => {
      const code = Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    }),
  );
}

const comment = /^# (TYPE|UNIT|HELP) ([A-Za-z_:][\w:]*)(?: (.*))?$/;
const sample = /^([A-Za-z_:][\w:]*)(?:\{(.*?)\})? (\S+)(?: (\S+))?(?: # \{.*)?$/;
const labelPair = /\s*([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"\s*(?:,|$)/y;
const single = new Set(['gauge', 'counter', 'unknown', 'untyped']);
/** Parts of a histogram or a summary. */
const compound = /_(?:bucket|sum|count|created|gsum|gcount)$/;

const longestLine = 65_536;

export function readOpenMetrics({ text }: Source, { units }: ReadOptions): Foreign {
  const reader = sampleReader(units);
  const lines = text.split('\n');
  for (const [index, raw] of lines.entries()) {
    const line = raw.replace(/\r$/, '');
    if (line.length > longestLine)
      throw new FormatFault(`a line is longer than ${longestLine} characters`, { line: index + 1 });
    if (/^# EOF\s*$/.test(line)) {
      refuseMore(lines, index);
      break;
    }
    if (line.startsWith('#')) reader.comment(line);
    else if (line.trim() !== '') reader.sample(line, index + 1);
  }
  return {
    tool: 'OpenMetrics',
    figures: reader.figures,
    notes: [...reader.skipped].slice(0, 20).map(visible),
  };
}

function sampleReader(units: ReadOptions['units']) {
  const types = new Map<string, string>();
  const unitNames = new Map<string, string>();
  const skipped = new Set<string>();
  const figures: Figure[] = [];
  const repetitions = new Map<string, number>();
  return {
    figures,
    skipped,
    comment(line: string): void {
      const [, kind, name = '', rest = ''] = comment.exec(line) ?? [];
      if (kind === 'TYPE') types.set(name, rest.trim());
      if (kind === 'UNIT') unitNames.set(name, rest.trim());
    },
    sample(text: string, line: number): void {
      const [, name = '', labelText = '', value = ''] = sample.exec(text) ?? [];
      if (name === '') throw new FormatFault('this is neither a comment nor a sample', { line });
      const family = familyIn(types, name);
      const type = types.get(family) ?? 'unknown';
      if (!single.has(type)) {
        skipped.add(`${family}, a ${type}, is no single figure and left out`);
        return;
      }
      const unit = unitNamed(name, unitNames.get(family), units);
      const key = `${name}{${labelText}}`;
      const repetition = repetitions.get(key) ?? 0;
      repetitions.set(key, repetition + 1);
      const named = namedBy(name, parseLabels(labelText, line));
      figures.push({ ...named, unit: unit[0], value: inUnit(numberOf(value, line), unit), repetition });
    },
  };
}

function refuseMore(lines: readonly string[], index: number): void {
  const more = lines.findIndex((line, at) => at > index && line.trim() !== '');
  if (more >= 0) throw new FormatFault('something stands behind # EOF', { line: more + 1 });
}

function familyIn(types: ReadonlyMap<string, string>, name: string): string {
  if (types.has(name)) return name;
  const stem = name.replace(/_total$/, '');
  if (types.has(stem)) return stem;
  const whole = name.replace(compound, '');
  return types.has(whole) ? whole : name;
}

function parseLabels(text: string, line: number): { [label: string]: string } {
  const labels: { [label: string]: string } = {};
  labelPair.lastIndex = 0;
  while (labelPair.lastIndex < text.length) {
    const [, name, value = ''] = labelPair.exec(text) ?? [];
    if (name === undefined) throw new FormatFault('the labels cannot be read', { line });
    const key = keyOfLabel(name);
    if (Object.hasOwn(labels, key)) throw new FormatFault(`the label ${visible(key)} stands twice`, { line });
    labels[key] = visible(value.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter)));
  }
  return labels;
}

function namedBy(name: string, all: { readonly [label: string]: string }) {
  const { suite, name: own, metric, ...labels } = all;
  if (name.startsWith(prefix) && suite && own && metric) return { suite, name: own, metric, labels };
  return { suite: tool, name, metric: 'value', labels: all };
}

/** By its # UNIT, else by the end of its name; without either it is a plain number, as the format has them. */
function unitNamed(name: string, told: string | undefined, said: ReadOptions['units']): UnitOf {
  const stem = name.replace(/_total$/, '');
  const words = [told, stem.match(/_([a-z]+_per_second)$/)?.[1], stem.match(/_([a-z]+)$/)?.[1]];
  for (const word of words) {
    const unit = word ? unitOf(word.replace('_per_second', '/s'), said) : undefined;
    if (unit) return unit;
  }
  return said.get(name) ?? ['ratio', 1];
}

function numberOf(text: string, line: number): number | bigint {
  if (/^[+-]?\d{16,40}$/.test(text)) return BigInt(text);
  const value = Number(text);
  if (/^[+-]?(?:\d|\.\d)/.test(text) && Number.isFinite(value)) return value;
  const known = /^[+-]?(?:nan|inf(?:inity)?)$/i.test(text);
  throw new FormatFault(
    known ? `${text} is nothing that can be compared` : `${visible(text.slice(0, 40))} is no number`,
    { line },
  );
}
