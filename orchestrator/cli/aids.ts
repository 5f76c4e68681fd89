// The options of `synos boot` for a developer at work: what they ask of a boot, and which of them go together.
import { SynosError } from '../../core/failure.ts';
import type { Wanted } from '../plan/pipeline.ts';
import type { Options } from './build.ts';
import type { Flags } from './flags.ts';

type Aids = NonNullable<NonNullable<Wanted['boots']>['aids']>;

/** Undefined where none is asked for. Throws SynosError usage. */
export function aidsOf(flags: Flags, args: readonly string[], options: Options): Aids | undefined {
  const asked = (name: string): boolean => options[name] === true;
  const aids: Aids = {
    gdb: asked('gdb'),
    budget: typeof options['budget'] === 'number' ? options['budget'] : null,
    snapshot: asked('snapshot'),
  };
  const many = args.length > 1 || Number(options['runs'] ?? 1) > 1;
  const counts = options['exact'] !== false;
  const broken = clashesOf(aids, { watch: asked('watch'), json: flags.json, many, counts }).find(
    ({ when }) => when,
  );
  if (broken) throw new SynosError({ code: 'usage', message: broken.message, hint: broken.hint });
  return aids.gdb || aids.budget !== null || aids.snapshot ? aids : undefined;
}

type Beside = {
  readonly watch: boolean;
  readonly json: boolean;
  readonly many: boolean;
  readonly counts: boolean;
};
type Clash = { readonly when: boolean; readonly message: string; readonly hint: string };

function clashesOf({ gdb, budget, snapshot }: Aids, { watch, json, many, counts }: Beside): readonly Clash[] {
  return [
    {
      when: watch && json,
      message: '--json prints one document, and --watch has no end',
      hint: 'use --events FILE: one JSON document for each thing that happens',
    },
    {
      when: budget !== null && !counts,
      message: '--budget counts instructions, which only an exact run can',
      hint: 'leave out --no-exact',
    },
    {
      when: snapshot && (gdb || budget !== null),
      message: 'a snapshot is behind the start, from which --gdb and --budget begin',
      hint: 'use one of them',
    },
    {
      when: gdb && budget !== null,
      message: 'at its budget a machine stands still for ever: gdb could not ask it',
      hint: 'use --gdb or --budget',
    },
    { when: gdb && watch, message: '--gdb waits for a person, --watch for nobody', hint: 'use one of them' },
    { when: gdb && many, message: '--gdb starts one machine once', hint: 'name one machine' },
  ];
}
