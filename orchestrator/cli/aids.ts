// The options of `synos boot` for a developer at work: what they ask of a boot, and which of them go together.
import { SynosError } from '../../core/failure.ts';
import type { Wanted } from '../plan/pipeline.ts';
import type { Options } from './build.ts';
import type { Flags } from './flags.ts';

type Aids = NonNullable<NonNullable<Wanted['boots']>['aids']>;

/** Undefined where none is asked for. Throws SynosError usage. */
export function aidsOf(flags: Flags, args: readonly string[], options: Options): Aids | undefined {
  const asked = (name: string): boolean => options[name] === true;
  if (asked('watch') && flags.json)
    refuse(
      '--json prints one document, and --watch has no end',
      'use --events FILE: one JSON document for each thing that happens',
    );
  const aids = {
    gdb: asked('gdb'),
    budget: typeof options['budget'] === 'number' ? options['budget'] : null,
    snapshot: asked('snapshot'),
    console: asked('interactive'),
    tape: tapeOf(asked('record'), options['replay'] !== undefined && options['replay'] !== false),
  };
  if (aids.budget !== null && options['exact'] === false)
    refuse('--budget counts instructions, which only an exact run can', 'leave out --no-exact');
  checkTogether(aids);
  if (aids.tape) checkTape(aids, args, options);
  if (aids.gdb || aids.console) checkAlone(flags, args, options);
  return Object.values(aids).some((value) => value !== false && value !== null) ? aids : undefined;
}

function checkTogether({ gdb, budget, snapshot }: Aids): void {
  if (snapshot && (gdb || budget !== null))
    refuse('a snapshot is behind the start, from which --gdb and --budget begin', 'use one of them');
  if (gdb && budget !== null)
    refuse('at its budget a machine stands still for ever: gdb could not ask it', 'use --gdb or --budget');
}

function tapeOf(record: boolean, replay: boolean): Aids['tape'] {
  if (record && replay) refuse('what is replayed is recorded already', 'use --record or --replay');
  if (replay) return 'replay';
  return record ? 'record' : null;
}

function checkTape(aids: Aids, args: readonly string[], options: Options): void {
  const what = `--${aids.tape}`;
  if (options['exact'] === false) refuse(`${what} is for exact runs`, 'leave out --no-exact');
  if (aids.gdb || aids.budget !== null || aids.snapshot)
    refuse(`${what} is for a whole run that nothing else holds`, 'leave out --gdb, --budget and --snapshot');
  if (
    options['watch'] === true ||
    options['matrix'] !== undefined ||
    args.length > 1 ||
    Number(options['runs'] ?? 1) > 1
  )
    refuse(`${what} is for one machine, once`, 'name one machine, without --runs, --watch and --matrix');
  if (aids.tape === 'replay' && aids.console)
    refuse('what is typed at a replay is in its recording', 'use -i with --record');
}

function checkAlone(flags: Flags, args: readonly string[], options: Options): void {
  if (options['watch'] === true || args.length > 1 || Number(options['runs'] ?? 1) > 1)
    refuse('--gdb and -i are for one person and one machine', 'name one machine, without --runs and --watch');
  if (options['interactive'] === true && flags.json)
    refuse('-i talks to a person, --json to a program', 'use one of them');
}

function refuse(message: string, hint: string): never {
  throw new SynosError({ code: 'usage', message, hint });
}
