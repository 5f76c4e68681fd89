// One commit's answer where one boot gives it: an exact metric, or how the boot ends. A boot of the very same medium on the same machine that is
// stored stands for one.
import { failureOf, SynosError } from '../../core/failure.ts';
import { explain } from '../../core/failure-table.ts';
import { type BenchRecord, seriesKey } from '../../core/record.ts';
import type { Series } from '../results/bisect-document.ts';
import { hostFacts } from '../results/provenance.ts';
import { comparisonGroup, recordsByKey, type StoredBoot } from '../results/run.ts';
import { seriesName } from '../results/series-name.ts';
import type { Builds } from './bisect-builds.ts';
import { type Booted, type Built, bootCommit, isFatal, type Lab } from './bisect-lab.ts';
import type { ProfiledChange, Tested } from './bisect-state.ts';
import { seriesNamed } from './series-named.ts';

export type Bench = {
  readonly lab: Lab;
  readonly builds: Builds;
  /** The metric, once a boot had it. */
  series: Series | null;
  /** Of the change that was found; it costs boots, too. */
  profile: ProfiledChange | null;
  /** Called before a commit boots: the time to begin with the builds of others. */
  onBoot: (commit: string) => void;
};

type Answer = Omit<Tested, 'commit' | 'durationMs'>;

const nothing = { value: null, end: null, side: null, run: null, boots: 0 };

/** What is done with a built commit. Where it cannot be built or booted it is skipped; throws SynosError for what stops the whole bisection. */
export async function withBuilt<T>(
  { builds }: Bench,
  commit: string,
  work: (built: Built) => Promise<T>,
): Promise<T | { readonly skip: Answer }> {
  try {
    return await work(await builds.of(commit));
  } catch (error) {
    if (isFatal(error)) throw error;
    return { skip: { ...nothing, why: explain(failureOf(error)).message.slice(0, 2000) } };
  } finally {
    builds.done(commit);
  }
}

export async function measure(bench: Bench, commit: string): Promise<Tested> {
  const { question } = bench.lab;
  const started = Date.now();
  const got = await withBuilt(bench, commit, async (built) => {
    const stored = storedBoot(bench.lab, built);
    if (stored) return { ...stored, boots: 0 };
    bench.onBoot(commit);
    let booted = await bootCommit(bench.lab, built);
    let boots = 1;
    // A boot that fails now and then is caught by trying it several times.
    const again = (): boolean => question.metric === null && booted.boot.end === 'passed';
    for (; boots < question.runs && again(); boots++) booted = await bootCommit(bench.lab, built);
    return { ...booted, boots };
  });
  const answer = 'skip' in got ? got.skip : { ...readBoot(bench, got), boots: got.boots };
  return { commit, ...answer, durationMs: Date.now() - started };
}

/** These came of the guest alone, and come again. Others may have come of what the host did meanwhile. */
const settled: readonly StoredBoot['end'][] = ['passed', 'failed', 'panic', 'reset'];

function storedBoot({ store, question }: Lab, { fingerprint, session }: Built): Booted | undefined {
  const { machine, exact, runs, metric } = question;
  if (metric === null && runs > 1) return undefined;
  const accelerators = exact ? ['tcg'] : ['tcg', 'kvm'];
  const wanted = session.config.machines[machine]?.accelerator;
  return accelerators
    .filter((accelerator) => exact || wanted === 'auto' || wanted === accelerator)
    .map((accelerator) => comparisonGroup({ machine, accelerator, exact }, hostFacts()))
    .map((group) => store.bootLike(group, fingerprint))
    .find((found) => found !== undefined && settled.includes(found.boot.end));
}

function readBoot(bench: Bench, { boot, run }: Booted): Answer {
  const { end, reason } = boot;
  const seen = { ...nothing, end, run: run.id };
  // QEMU's own end says nothing about the guest.
  if (end === 'killed' || end === 'qemu-error') return { ...seen, why: `its boot ended ${end}: ${reason}` };
  if (bench.lab.question.metric === null)
    return { ...seen, side: end === 'passed' ? 'good' : 'bad', why: null };
  if (!isWhole(boot)) return { ...seen, why: `its boot ended ${end}: ${reason}` };
  const series = seriesIn(bench, boot);
  const record = recordsByKey(boot).get(series.key);
  if (!record) return { ...seen, why: `it does not measure ${seriesName(series)}` };
  return { ...seen, value: record.value, why: null };
}

/** A test that failed says nothing against the figures. */
export const isWhole = ({ end }: StoredBoot): boolean => end === 'passed' || end === 'failed';

/** The one metric that is meant, as the first boot that measured something has it. Throws SynosError name.unknown, and usage for several. */
export function seriesIn(bench: Bench, boot: StoredBoot): Series {
  if (bench.series) return bench.series;
  const { metric } = bench.lab.question;
  const all = [...recordsByKey(boot).values()].map(seriesOf);
  const found = seriesNamed(all, metric ?? [], `metric of ${boot.machine}`);
  const [only] = found;
  if (found.length === 1 && only) {
    bench.series = only;
    return only;
  }
  const names = found.slice(0, 10).map((one) => `\n  '${seriesName(one)}'`);
  const more = found.length > 10 ? `\n  and ${found.length - 10} more` : '';
  throw new SynosError({
    code: 'usage',
    message: `${(metric ?? []).join(' ')} may be any of ${found.length} metrics:${names.join('')}${more}`,
    hint: 'name one of them',
  });
}

function seriesOf({ suite, name, metric, unit, labels }: BenchRecord): Series {
  return { key: seriesKey({ suite, name, metric, unit, labels }), suite, name, metric, unit, labels };
}
