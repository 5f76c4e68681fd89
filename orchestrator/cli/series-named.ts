// A metric by what people call it: beginnings of words of its name, or the whole name.
import { SynosError } from '../../core/failure.ts';
import { nearest } from '../../core/near.ts';
import type { BenchRecord } from '../../core/record.ts';
import { seriesMatches, seriesName } from '../results/series-name.ts';

type Named = Pick<BenchRecord, 'suite' | 'name' | 'metric' | 'unit' | 'labels'> & { readonly key: string };

/**
 * Series in whose name each text begins at a word; one that is named in full stands alone. Throws SynosError name.unknown, of a `kind` for
 * people, where there is none.
 */
export function seriesNamed<S extends Named>(
  series: readonly S[],
  texts: readonly string[],
  kind: string,
): readonly S[] {
  if (texts.length === 0) return series;
  const text = texts.join(' ');
  const whole = series.filter((one) => one.key === text || seriesName(one) === text);
  if (whole.length > 0) return whole;
  const found = series.filter((one) => seriesMatches(one, texts));
  if (found.length > 0) return found;
  const near = nearest(
    text,
    series.map((one) => seriesName(one)),
  );
  throw new SynosError({ code: 'name.unknown', kind, name: text, near });
}
