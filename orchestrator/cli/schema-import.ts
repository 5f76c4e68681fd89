// What `synos import --json` prints.
import { count, document, flag, list, maybe, object, type Schema, text } from './schema-parts.ts';

export const imported: Schema = document('import', 'Result of `synos import --json`.', {
  runs: list(
    object({
      run: text('id'),
      stored: flag('false: it was there already, or with --dry-run'),
      file: text('as it was named; - for standard input'),
      format: text('of the file'),
      machine: maybe(text('what its history is called; null where there is no boot')),
      startedAt: text('ISO 8601, UTC; as the file says it, else when it was imported'),
      boots: count('repetitions of the whole measurement'),
      figures: count('in all repetitions'),
      tests: object(
        { passed: count('tests'), failed: count('tests'), skipped: count('tests') },
        'of the first boot',
      ),
      notes: list(text('sentence'), 'what could not be taken over'),
    }),
    'one a file, oldest first',
  ),
});
