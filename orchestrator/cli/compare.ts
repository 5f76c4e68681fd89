// `synos compare BEFORE NOW`: stored runs and result files beside each other, metric by metric, with a verdict each.
import { SynosError } from '../../core/failure.ts';
import { stringifyExact } from '../../core/json-exact.ts';
import { type Comparison, compareRuns, metricsOf } from '../results/comparison.ts';
import { defaultRules, type Rules } from '../results/judge.ts';
import { seriesName } from '../results/series-name.ts';
import { columnsOf, styleFor, writeOut } from '../ui/output.ts';
import type { Options } from './build.ts';
import { endWith } from './exit.ts';
import type { Flags } from './flags.ts';
import { runsOrFiles } from './stored-runs.ts';

export async function compare(flags: Flags, args: readonly string[], options: Options): Promise<number> {
  const [before = '', now = ''] = args;
  const comparison = compareRuns(
    await runsOrFiles(flags, before),
    await runsOrFiles(flags, now),
    rulesOf(options),
  );
  if (comparison.groups.length === 0) throw nothingAlike(comparison);
  return await tellComparison(comparison, flags, options['gate'] === true);
}

export function rulesOf(options: Options): Omit<Rules, 'share'> {
  const share = (name: string, fallback: number): number =>
    typeof options[name] === 'number' ? options[name] / 100 : fallback;
  return {
    alpha: share('alpha', defaultRules.alpha),
    floor: share('floor', defaultRules.floor),
    tolerance: share('tolerance', defaultRules.tolerance),
  };
}

/** Prints it; with `gate` a cost that grew ends the command with exit 3. */
export async function tellComparison(comparison: Comparison, flags: Flags, gate: boolean): Promise<number> {
  if (flags.json) writeOut(stringifyExact(comparison));
  else if (!flags.quiet) {
    const { comparisonText } = await import('../results/comparison-text.ts');
    const view = { columns: columnsOf(process.stdout), style: styleFor(process.stdout), all: flags.verbose };
    writeOut(comparisonText(comparison, view));
  }
  const slower = metricsOf(comparison)
    .filter(({ verdict }) => verdict === 'slower')
    .sort((a, b) => (b.ratio ?? 0) - (a.ratio ?? 0))
    .map((metric) => ({ name: seriesName(metric), ratio: metric.ratio }));
  return gate && slower.length > 0 ? endWith([{ code: 'gate.regression', slower }], false) : 0;
}

function nothingAlike({ unmatched }: Comparison): SynosError {
  const seen = unmatched.length > 0 ? `: ${unmatched.join('; ')}` : ': there is no boot with whole results';
  return new SynosError({
    code: 'usage',
    message: `these runs have no boots that can be compared${seen}`,
    hint: 'figures compare where machine, accelerator, clock (exact or timed) and host are the same; those of files where their names are',
  });
}
