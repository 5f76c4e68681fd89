// JSON Schemas of what `synos size`, `synos diff` and `synos sbom` print with --json.
import { count, document, flag, list, maybe, object, type Schema, text } from './schema-parts.ts';

const weight = {
  installed: count('bytes of the files; one with several names counts once'),
  packed: count('bytes that they take compressed'),
  files: count('how many'),
};
const weighed = (name: string): { readonly [name: string]: Schema } => ({ name: text(name), ...weight });
const whole = (description: string): Schema => ({ type: 'integer', description });

export const size: Schema = {
  ...document('size', 'Result of `synos size --json`.', {
    image: text('name of its file'),
    bytes: count('of the file'),
    total: object(weighed('empty'), 'the root file system'),
    parts: list(object({ path: text('on the ISO'), size: count('bytes') }), 'beside the root file system'),
    packages: list(
      object({
        ...weighed('of the package; empty: files of no package'),
        version: text('as dpkg has it'),
        group: text('of the lock; empty where the image carries none'),
        isAsked: flag('a list asks for it'),
        alone: maybe(
          object({ packages: count('how many'), installed: count('bytes'), packed: count('bytes') }),
        ),
      }),
      'largest first; `alone`: what would go if no list asked for it, null where none does',
    ),
    groups: list(object({ ...weighed('of the lock'), packages: count('in it') }), 'largest first'),
    kinds: list(object(weighed('of files, by their paths')), 'largest first'),
    folders: { $ref: '#/$defs/folder' },
    savings: list(
      object({ ...weighed('kind of files'), exclude: list(text('a glob'), 'of paths') }),
      'what few people miss, largest first',
    ),
  }),
  $defs: {
    folder: object({
      ...weighed('of the folder or file'),
      children: list({ $ref: '#/$defs/folder' }, 'largest first'),
    }),
  },
};

const side = object({
  image: text('name of its file'),
  bytes: count('of the file'),
  packages: count('installed'),
  entries: count('of the root file system'),
  installed: count('bytes of its files'),
  packed: count('bytes that they take compressed'),
});
const maybeBytes = maybe(count('bytes; null: not in that image'));

export const diff = document('diff', 'Result of `synos diff --json`.', {
  same: flag('nothing differs'),
  before: side,
  now: side,
  packages: list(
    object({
      name: text('package'),
      from: maybe(text('version before; null when it is new')),
      to: maybe(text('version now; null when it is gone')),
      installed: whole('bytes more, fewer where negative'),
      packed: whole('the same, compressed'),
    }),
    'by name',
  ),
  files: list(
    object({
      path: text('absolute'),
      kind: {
        enum: ['file', 'symlink', 'char', 'block', 'dir', 'fifo'],
        description: 'what it is now, or was',
      },
      package: maybe(text('who ships it; null: configuration wrote it')),
      from: maybeBytes,
      to: maybeBytes,
      differs: list(
        {
          enum: [
            'kind',
            'content',
            'target',
            'mode',
            'owner',
            'device',
            'attributes',
            'links',
            'package',
            'time',
          ],
        },
        'empty for what only one image has',
      ),
    }),
    'by path',
  ),
  parts: list(
    object({ path: text('on the ISO'), from: maybeBytes, to: maybeBytes }),
    'beside the root file system',
  ),
});

export const sbom = document('sbom', 'Result of `synos sbom --json`.', {
  files: list(text('relative to where the command ran'), 'what was written'),
  packages: count('installed'),
  licences: object(
    {
      listed: count('as an expression of the SPDX list alone'),
      mixed: count('with some texts of their own'),
      text: count('as the text of the copyright file only'),
      none: count('without a copyright file'),
    },
    'packages by what is known of their licences',
  ),
  loose: count('files of no package'),
});
