// What stands above a profile in the terminal: of what it is, and what it rests on.
import type { Profile } from '../../../core/profile.ts';
import { number } from '../../../core/words.ts';
import { wrap } from '../layout.ts';
import type { StoredRun } from '../run.ts';
import type { Selected } from './narrow.ts';
import type { ProfileView } from './text.ts';

type Headed = {
  readonly profile: Profile;
  readonly against: string | null;
  readonly selected: Selected | undefined;
};

export function headText(
  run: StoredRun,
  { profile, against, selected }: Headed,
  { columns, style }: ProfileView,
): string {
  const cells = Math.max(40, columns);
  const below = selected ? `, below ${selected.names.join(', ')}` : '';
  const since = against === null ? '' : `, against ${against}`;
  const [boot] = run.boots;
  const unfinished = boot && boot.end !== 'passed' ? [`up to its end: ${boot.reason}`] : [];
  return [
    ...wrap(`${profile.machine}: ${number(profile.total)} instructions${below}${since}`, cells).map(
      style.bold,
    ),
    ...unfinished.flatMap((line) => wrap(line, cells)).map(style.warn),
    ...profile.notes
      .filter(isOwn)
      .flatMap((note) => wrap(note, cells))
      .map(style.dim),
    '',
    '',
  ].join('\n');
}

/** Those that are said of every profile are in docs/profile.md. */
const always = /^(instructions of inlined|an interrupt or exception|instructions are counted)/;
const isOwn = (note: string): boolean => !always.test(note);
