// The `ci` section: what `synos ci` boots, and when its gate shuts.
import { z } from 'zod';

const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be lower-case letters, digits and -, at most 32');
const metric = z.string().min(1).max(200);
const percent = z.number().min(0).max(100);

const accepted = z.strictObject({
  metric: metric.describe('Its name, or parts of it: `pair, pool`.'),
  upTo: percent.max(10_000).optional().describe('Only while it grew by so many per cent at most.'),
  until: z.iso.date().optional().describe('The last day (UTC) on which it counts, as 2027-01-31.'),
  why: z.string().min(1).max(200).describe('The reason, for those who read the summary.'),
});

const gate = z.strictObject({
  only: z
    .array(metric)
    .max(256)
    .default([])
    .describe(
      'Metrics that are judged, by their names or parts of them, each the beginning of words (`pair, pool`); empty: all.',
    ),
  without: z.array(metric).max(256).default([]).describe('Metrics that are not judged, named likewise.'),
  tolerance: percent.default(0).describe('Exact figures: per cent up to which two are equal.'),
  floor: percent.default(5).describe('Timed figures: a difference of fewer per cent is none.'),
  alpha: percent.default(1).describe('Timed figures: the chance of any false alarm in all, in per cent.'),
  accept: z
    .array(accepted)
    .max(256)
    .default([])
    .describe(
      'Metrics that may grow: `metric`, `why`, and if wanted `upTo` (per cent) and `until` (a date).',
    ),
});

export const ciSection = z
  .strictObject({
    machines: z
      .array(name)
      .max(64)
      .default([])
      .describe('Machines that are booted and judged; empty: the first.'),
    matrix: name
      .nullable()
      .default(null)
      .describe('A matrix that is booted as well; its exact figures are judged where stored runs have them.'),
    against: z
      .string()
      .min(1)
      .max(200)
      .nullable()
      .default(null)
      .describe(
        'The branch that changes go into, where the CI system names none; null: that of `origin`, else main or master.',
      ),
    gate: gate.prefault({}),
  })
  .prefault({})
  .describe('The pipeline job (`synos ci`).');

type Whole = {
  readonly machines: { readonly [name: string]: unknown };
  readonly matrix: { readonly [name: string]: unknown };
  readonly ci: z.output<typeof ciSection>;
};

/** What no one field can know: whether what it names exists. */
export function ciIssues({ machines, matrix, ci }: Whole): { path: string[]; message: string }[] {
  const there = (all: object): string => Object.keys(all).slice(0, 12).join(', ') || 'none';
  return [
    ...ci.machines
      .filter((machine) => !Object.hasOwn(machines, machine))
      .map((machine) => ({
        path: ['ci', 'machines'],
        message: `there is no machine ${machine}; there are ${there(machines)}`,
      })),
    ...(ci.matrix === null || Object.hasOwn(matrix, ci.matrix)
      ? []
      : [{ path: ['ci', 'matrix'], message: `there is no matrix ${ci.matrix}; there are ${there(matrix)}` }]),
  ];
}
