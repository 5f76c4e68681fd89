// What `synos bisect` prints with --json.
import { bootEnds } from '../../core/outcome.ts';
import { count, document, flag, list, maybe, object, type Schema, text } from './schema-parts.ts';
import { profileDifference } from './schema-profile.ts';
import { metric, named } from './schema-series.ts';

const signed = (description: string): Schema => ({ type: 'number', description });
const commit = text('whole id of a commit');

const point = {
  commit,
  value: maybe(signed('of the metric; null where it is not known, or not asked for')),
  end: maybe({ enum: bootEnds, description: 'how its boot ended' }),
  run: maybe(text('id of the stored run')),
};

const about = {
  author: text('name and address'),
  date: text("ISO 8601, of the author's clock"),
  subject: text('first line of the message'),
};

const change = object({
  ...about,
  ...point,
  parents: list(object(point), "in git's order; of a timed metric those that were looked at"),
  change: maybe(
    object(
      { absolute: signed('in the unit of the metric'), ratio: maybe(signed('after / before')) },
      'from its parent, of several the first that has what the good end has; null where that is not known',
    ),
  ),
});

export const bisect: Schema = document('bisect', 'Result of `synos bisect --json`.', {
  metric: maybe(
    object({ key: text('the series, as the store knows it'), ...named }, 'null: how the boot ends'),
  ),
  machine: text('name in the configuration'),
  exact: flag('ticks are instructions'),
  good: object({ ...point, name: text('as it was named') }),
  bad: object({ ...point, name: text('as it was named') }),
  commits: count('that have the good one behind them, the bad one included'),
  boots: count('of QEMU, those of a bisection that this one goes on from included'),
  stored: count('commits whose answer a stored boot of the same bytes gave'),
  skipped: list(object({ commit, why: text('first line and details') }), 'commits that say nothing'),
  first: maybe(change),
  others: list(change, 'further commits that changed the metric, the largest change first'),
  open: list(
    object({
      from: commit,
      to: commit,
      absolute: signed('by which the metric differs between the two'),
      skipped: flag('only skipped commits lie there; false: it was not looked for'),
    }),
    'stretches in which further commits changed the metric',
  ),
  among: list(object({ commit, ...about }), 'only skipped commits are left: it is one of these'),
  profile: maybe(profileDifference),
  metrics: list(metric, 'exact: all that are not the same in `first` and its parent'),
  seen: maybe(
    object(
      { reason: text('what was seen'), tail: list(text('line'), 'the last of the serial port') },
      "of the commit's boot, where its end was asked for",
    ),
  ),
  log: list(text('line'), 'for `git bisect replay`'),
  again: list(text('word'), 'the command that shows the change again'),
});

export const bisectPlan: Schema = document('bisect-plan', 'Result of `synos bisect --dry-run --json`.', {
  good: commit,
  bad: commit,
  commits: count('that have the good one behind them, the bad one included'),
  steps: count('about how many commits are looked at, the two ends left out'),
  next: maybe(commit),
});
