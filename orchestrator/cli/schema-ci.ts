// What `synos ci` prints with --json, and writes as ci.json.
import { stepNames } from '../results/ci/document.ts';
import { count, document, flag, list, maybe, number, object, type Schema, text } from './schema-parts.ts';

const stepName: Schema = { enum: stepNames, description: 'step of the job' };
const quantity = (description: string): Schema => ({ type: 'number', description });

const step = object({
  name: stepName,
  verdict: {
    enum: ['passed', 'failed', 'warned', 'skipped'],
    description: 'warned: not done, or not wholly, and that stops nothing',
  },
  durationMs: number('wall time'),
  says: text('what was done, or why not'),
  exit: count('exit code that it ends the command with; 0 where it stops nothing'),
  errors: list(
    object({
      code: text('one of docs/errors.md'),
      message: text('what, where and why'),
      next: maybe(text('the next step')),
    }),
    'of the failures behind the verdict',
  ),
});

const finding = object({
  level: { enum: ['error', 'warning', 'notice'], description: 'how bad' },
  kind: { enum: ['build', 'boot', 'test', 'gate', 'pipeline'], description: 'of what' },
  title: text('one line'),
  message: text('one line'),
  file: maybe(text('relative to the top of the repository')),
  line: maybe(count('of the file, from 1')),
});

export const ci: Schema = document('ci', 'Result of `synos ci --json`, and the file ci.json.', {
  startedAt: text('ISO 8601, UTC'),
  durationMs: number('wall time of the command'),
  exit: count('exit code'),
  decidedBy: maybe({ ...stepName, description: 'the step whose failure is the exit code' }),
  system: { enum: ['github', 'gitlab', 'none'], description: 'the CI system that it ran under' },
  commit: maybe(text('null where the tree was not in git')),
  dirty: flag('the tree differed from the commit'),
  steps: list(step, 'in the order in which they ran'),
  run: maybe(text('id of the stored run')),
  baseline: maybe(
    object({
      from: { enum: ['stored', 'booted', 'stored and booted'], description: 'where its figures come from' },
      name: text('the branch, or what was asked for'),
      commit: text('id'),
    }),
  ),
  grew: list(
    object({
      name: text('of the metric'),
      machine: text('name in the configuration'),
      before: quantity('median over boots'),
      now: quantity('median over boots'),
      ratio: maybe(number('now / before; null where before is 0')),
      accepted: maybe(text('why it may; null: it may not')),
    }),
    'metrics that are slower, the most first',
  ),
  findings: list(finding, 'what a reviewer is pointed at'),
  folder: text('of all files, relative to the project where it lies there'),
});
