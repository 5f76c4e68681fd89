// What `synos verify` prints with --json.
import { count, digest, document, flag, list, maybe, number, object, text } from './schema-parts.ts';

const difference = object({
  path: text('in the root file system'),
  what: text(
    'missing, unexpected, kind, mode, owner, mtime, size, content, link, device, hardlink or xattrs',
  ),
  expected: text('as the manifest has it; empty where it has none'),
  found: text('as it is; empty where there is none'),
});

export const verified = document('verify', 'Result of `synos verify --json`.', {
  ok: flag('everything that was looked at is as it should be'),
  file: text('absolute path'),
  sha256: digest,
  bytes: count('size'),
  matches: flag('it is the file that was built'),
  recorded: object(
    {
      sha256: digest,
      builtAt: text('ISO 8601, UTC'),
      commit: maybe(text('null: the project was not in git')),
    },
    'what the record says',
  ),
  parts: maybe(
    object(
      {
        count: count('recorded files that an image should hold'),
        altered: list(text('in words'), 'those that it does not hold as they were made'),
      },
      'null for what holds no files',
    ),
  ),
  where: list(text('in words'), 'places at which it differs from what was built, where that is still stored'),
  root: maybe(
    object(
      {
        entries: count('of the root file system'),
        differences: list(difference, 'from the manifest, by path'),
      },
      'null where there is no root file system, or no manifest of it',
    ),
  ),
  changed: list(text('in words'), 'what it was built from and is another by now'),
  rebuild: maybe(
    object(
      {
        same: flag('the same bytes came out'),
        sha256: maybe({ ...digest, description: 'of what was built again; null: that failed' }),
        tasks: count('that were run'),
        differing: list(
          object({
            task: text('id'),
            outputs: list(text('name'), 'those that are not as they were recorded'),
            why: text('in words'),
          }),
          'tasks that made other bytes, in the order of the plan',
        ),
        details: list(text('in words'), 'where the outputs of the first of them differ'),
        durationMs: number('wall time'),
      },
      'null without --rebuild',
    ),
  ),
  durationMs: number('wall time of the command'),
  errors: list(
    object({
      code: text('one of docs/errors.md'),
      message: text('what, where and why'),
      next: maybe(text('the next step')),
      exit: count('exit code'),
    }),
    'empty when ok',
  ),
});
