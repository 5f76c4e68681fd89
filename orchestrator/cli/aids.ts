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
  const gdb = asked('gdb');
  if (!gdb) return undefined;
  if (asked('watch')) refuse('--gdb waits for a person, --watch for nobody', 'use one of them');
  if (args.length > 1 || Number(options['runs'] ?? 1) > 1)
    refuse('--gdb starts one machine once', 'name one machine');
  return { gdb };
}

function refuse(message: string, hint: string): never {
  throw new SynosError({ code: 'usage', message, hint });
}
