// A profile as it lies in a file, and what `synos profile --json` says of it.
import { count, document, list, maybe, object, type Schema, text } from './schema-parts.ts';

const place = {
  name: text('of the function, or its address'),
  file: maybe(text('its source')),
  line: maybe(count('where it begins')),
};

const whole = (description: string): Schema => ({ type: 'integer', description });

const file = document('profile', 'A call tree with counts: out/profiles/*.json, and `--format json`.', {
  machine: text('name in the configuration'),
  unit: { const: 'instructions' },
  total: count("of all nodes' own counts"),
  functions: list(object(place), 'by name'),
  nodes: list(
    object({
      function: whole('index into the functions; -1 for the root'),
      parent: whole('index of the node above, which stands before it; -1 for the root'),
      self: count('instructions of its own'),
      calls: count('times that it was entered from there'),
    }),
    'the root first',
  ),
  benchmarks: list(
    object({ name: text('suite/name'), function: maybe(count('index; null: it was not run')) }),
    "the kernel's, where its file names them; else absent",
  ),
  notes: list(text('what it cannot see'), 'for people'),
});

const required = (file['required'] as string[]).filter((name) => name !== 'benchmarks');

export const profileFile: Schema = { ...file, required };

const counts = object({
  self: count('instructions of its own'),
  total: count('with what it called'),
  calls: count('times that it was entered'),
});

const differing = object({
  ...place,
  change: {
    enum: ['changed', 'new', 'gone', 'renamed'],
    description: 'renamed: equal counts under another name',
  },
  was: maybe(text('the name before, of one that was renamed')),
  before: maybe(counts),
  now: maybe(counts),
  difference: whole('of its own instructions'),
});

export const profileView: Schema = document('profile-view', 'Result of `synos profile --json`.', {
  run: text('the stored run'),
  machine: text('name in the configuration'),
  end: maybe(text('how the boot ended, as in a run')),
  reason: text('the same in a sentence'),
  selected: maybe(list(text('benchmark or function'), 'below which all counts are')),
  total: count('instructions'),
  functions: list(
    object({
      ...place,
      self: count('instructions of its own'),
      total: count('with what it called; a recursion counts once'),
      calls: count('times that it was entered'),
    }),
    'those with most instructions of their own first',
  ),
  against: maybe(text('revision or file')),
  difference: maybe(
    object({
      before: count('instructions'),
      now: count('instructions'),
      difference: whole('now - before'),
      functions: list(differing, 'only those that differ; the largest difference first'),
      equal: count('functions with equal counts'),
    }),
  ),
  file: maybe(text('the whole profile, relative to the project')),
  written: maybe(text('the file of -o')),
  notes: list(text('what it cannot see'), 'for people'),
});
