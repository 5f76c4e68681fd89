// The formats of result files that SynOS reads and writes: one row each.
import type { StoredRun } from '../run.ts';
import { readBmf, writeBmf } from './bmf.ts';
import { readCustom, writeCustom } from './custom.ts';
import { FormatFault } from './fault.ts';
import type { Reader } from './foreign.ts';
import { readGoogleBenchmark, writeGoogleBenchmark } from './google-benchmark.ts';
import { readHyperfine, writeHyperfine } from './hyperfine.ts';
import { writeJunit } from './junit.ts';
import { writeKtap } from './ktap.ts';
import { readLava, writeLava } from './lava.ts';
import type { FormatName } from './list.ts';
import { readOpenMetrics, writeOpenMetrics } from './openmetrics.ts';
import type { Part } from './part.ts';
import type { Written } from './series.ts';
import type { Source } from './source.ts';
import { writeRun } from './synos-run.ts';
import { readJunit, readKtap } from './tests-in.ts';

type Writer = (run: StoredRun) => Written | Promise<Written>;

/** Runs of SynOS itself are read by readRun. */
const readers: { readonly [F in Exclude<FormatName, 'synos'>]: Reader } = {
  'google-benchmark': readGoogleBenchmark,
  hyperfine: readHyperfine,
  bmf: readBmf,
  customSmallerIsBetter: readCustom('smaller'),
  customBiggerIsBetter: readCustom('bigger'),
  junit: readJunit,
  ktap: readKtap,
  lava: readLava,
  openmetrics: readOpenMetrics,
};

export const writers: { readonly [F in FormatName]: Writer } = {
  synos: writeRun,
  'google-benchmark': writeGoogleBenchmark,
  hyperfine: writeHyperfine,
  bmf: writeBmf,
  customSmallerIsBetter: writeCustom('smaller'),
  customBiggerIsBetter: writeCustom('bigger'),
  junit: (run) => ({ text: writeJunit(run), leftOut: figuresLeft(run, 'junit') }),
  ktap: (run) => ({ text: writeKtap(run), leftOut: figuresLeft(run, 'ktap') }),
  lava: writeLava,
  openmetrics: writeOpenMetrics,
};

function figuresLeft({ boots }: StoredRun, format: string): string[] {
  const count = boots.reduce((sum, { records }) => sum + records.length, 0);
  return count > 0 ? [`${count} figures left out: ${format} holds tests and verdicts`] : [];
}

export type Recognised = { readonly format: FormatName; readonly read: Reader | undefined };

/** The format by what is in the file. Throws FormatFault where it is none, or the text is no JSON although it begins like it. */
export function recognise(source: Source): Recognised {
  const begin = source.text.slice(0, 4096).trimStart();
  if (/^[{[]/.test(begin)) return ofJson(source.json());
  const format = ofText(source.text, begin);
  if (format === undefined)
    throw new FormatFault('this is no result file that SynOS knows', {
      next: 'name the format with --format; `synos help import` lists them',
    });
  return named(format);
}

export function named(format: FormatName): Recognised {
  return { format, read: format === 'synos' ? undefined : readers[format] };
}

function ofText(text: string, begin: string): FormatName | undefined {
  if (/^<(?:\?xml|testsuites?\b|!--)/.test(begin)) return 'junit';
  if (/^(?:.{0,60}\s)?K?TAP version \d+\s*$/im.test(text)) return 'ktap';
  if (text.includes('<LAVA_SIGNAL_')) return 'lava';
  if (/^# (?:TYPE|HELP|UNIT) \S|^# EOF\s*$/m.test(text)) return 'openmetrics';
  return undefined;
}

function ofJson(document: Part): Recognised {
  if (Array.isArray(document.value)) return ofList(document);
  const has = (key: string): boolean => document.at(key).value !== undefined;
  const schema = document.at('schema').value;
  if (typeof schema === 'string') {
    if (schema.startsWith('synos.run/')) return named('synos');
    return document
      .at('schema')
      .fault(`this is a ${schema.slice(0, 80)}, and no run`, 'import what `synos report --json` prints');
  }
  if (has('context') && Array.isArray(document.at('benchmarks').value)) return named('google-benchmark');
  if (Array.isArray(document.at('results').value)) return named('hyperfine');
  const [first] = document.entries();
  const [measure] = first?.[1].isObject() ? first[1].entries() : [];
  if (measure?.[1].isObject()) return named('bmf');
  return unknownJson(document);
}

// Which of the two it is cannot be seen, and need not be known of most units.
function ofList(document: Part): Recognised {
  const [first] = document.items();
  if (first?.isObject() && first.at('name').value !== undefined && first.at('value').value !== undefined)
    return { format: 'customSmallerIsBetter', read: readCustom(undefined) };
  return unknownJson(document);
}

function unknownJson(document: Part): never {
  return document.fault(
    'this is JSON, but of no result file that SynOS knows',
    'name the format with --format; `synos help import` lists them',
  );
}
