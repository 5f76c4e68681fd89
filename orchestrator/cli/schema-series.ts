// What commands print with --json that compare boots with each other or over time.
import { units } from '../../core/record.ts';
import { count, document, flag, list, maybe, number, object, type Schema, text } from './schema-parts.ts';

const quantity = (description: string): Schema => ({ type: 'number', description });
const share = (description: string): Schema => ({ type: 'number', minimum: 0, description });

export const named = {
  suite: text('of the record'),
  name: text('of the record'),
  metric: text('of the record'),
  unit: { enum: units, description: 'costs are instructions, cycles and ns' },
  labels: {
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'what tells its series from others',
  },
} satisfies { readonly [name: string]: Schema };

export const metric = object({
  ...named,
  before: quantity('median over boots'),
  now: quantity('median over boots'),
  verdict: {
    enum: ['faster', 'slower', 'higher', 'lower', 'same', 'undecided'],
    description: 'faster and slower of costs, higher and lower of all else',
  },
  ratio: maybe(number('now / before; null where before is 0')),
  interval: maybe(
    object({ low: number('of the ratio'), high: number('of the ratio') }, '95 %, bootstrap over boots'),
  ),
  p: maybe(
    number("of the rank test, after Holm's correction and for the share of alpha; null for exact figures"),
  ),
  within: maybe(share('with `same`: the most by which the two differ, 0.05 is 5 %')),
  more: maybe(count('with `undecided`: about how many more boots a side decide it')),
});

const side = object({
  runs: list(text('id'), 'stored runs'),
  commits: list(text('id, `+changes` where the tree differed'), 'of these runs'),
  leftOut: count('boots without whole results'),
});

export const comparison: Schema = document(
  'comparison',
  'Result of `synos compare --json` and of `synos bench --against --json`.',
  {
    rules: object({
      alpha: share('the chance of any false alarm among all timed metrics'),
      floor: share('a timed ratio nearer to 1 than this is no change'),
      share: share(
        'of alpha what this look at the boots may spend, p is adjusted for it; 1 for boots that did not take turns',
      ),
      tolerance: share('exact figures that differ by this or less are equal'),
    }),
    before: side,
    now: side,
    groups: list(
      object({
        machine: text('name in the configuration'),
        accelerator: text('kvm or tcg'),
        exact: flag('ticks are instructions'),
        boots: object({ before: count('boots'), now: count('boots') }),
        inTurns: flag('timed boots that took turns, compared within blocks of eight'),
        differs: list(
          object({
            what: {
              enum: ['compiler', 'command line', 'machine'],
              description: "beside the kernel's source",
            },
            before: list(text('empty where nobody knows'), 'of the boots before'),
            now: list(text('empty where nobody knows'), 'of the boots now'),
          }),
          'what else is not the same on both sides, and may be the reason',
        ),
        metrics: list(metric, 'measured on both sides'),
        gone: list(object(named), 'measured before only'),
        new: list(object(named), 'measured now only'),
      }),
      'one for each machine, accelerator, clock and host that both sides have',
    ),
    unmatched: list(text('machine, accelerator, clock'), 'on one side only'),
  },
);

export const history: Schema = document('history', 'Result of `synos history --json`.', {
  machine: text('name in the configuration'),
  accelerator: text('kvm or tcg'),
  exact: flag('ticks are instructions'),
  compiler: text('version of what built the kernel; empty where nobody knows'),
  commandLine: text('of the kernel'),
  floor: share('a timed change of the mean by less than this is none'),
  metrics: list(
    object({
      key: text('the series, as the store knows it'),
      ...named,
      points: list(
        object({
          run: text('id'),
          startedAt: text('ISO 8601, UTC'),
          commit: maybe(text('null where the tree was not in git')),
          dirty: flag('the tree differed from the commit'),
          value: quantity('median of its boots'),
        }),
        'oldest first',
      ),
      changes: list(
        object({
          index: count('of the first point after the change'),
          before: quantity('mean since the change before; of exact figures the value'),
          after: quantity('mean until the next change; of exact figures the value'),
          ratio: maybe(number('after / before; null where before is 0')),
          p: maybe(number('of the permutation test; null for exact figures')),
        }),
        'oldest first',
      ),
    }),
    'those that were asked for',
  ),
});

export const selfTest: Schema = document('self-test', 'Result of `synos bench --self-test --json`.', {
  machines: list(
    object({
      machine: text('name in the configuration'),
      boots: count('a side, of one build against itself'),
      metrics: count('compared'),
      falseAlarms: count('metrics that were called different'),
      simulated: maybe(
        object(
          {
            pairs: count('of sides dealt from these boots'),
            metrics: count('of each pair'),
            slowdown: share('what slowed metrics were multiplied by'),
            falseAlarms: count('pairs of equal sides in which any metric was called different'),
            shut: count('pairs in which all metrics were slowed and any was called slower'),
            found: count('pairs in which one metric was slowed and that one was called slower'),
            boots: share('a side until booting stopped, on average, where one metric was slowed'),
            bootsEqual: share('the same where none was'),
          },
          'null where instructions are counted',
        ),
      ),
    }),
    'those that were asked for',
  ),
});
