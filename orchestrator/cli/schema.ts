// `synos schema`: the JSON Schemas of everything that SynOS reads as data or prints with --json.
import { SynosError } from '../../core/failure.ts';
import { nearest } from '../../core/near.ts';
import { writeOut } from '../ui/output.ts';
import type { Flags } from './flags.ts';
import { documents } from './schemas.ts';

export function schemaNames(): string[] {
  return ['config', ...Object.keys(documents)].sort();
}

export async function schema(flags: Flags, args: readonly string[]): Promise<number> {
  const name = args[0];
  if (name === undefined) {
    writeOut(
      flags.json
        ? JSON.stringify({ schema: 'synos.schemas/1', names: schemaNames() })
        : schemaNames().join('\n'),
    );
    return 0;
  }
  writeOut(JSON.stringify(await schemaOf(name), null, 2));
  return 0;
}

export async function schemaOf(name: string): Promise<object> {
  if (name === 'config') return (await import('../config/schema.ts')).configJsonSchema();
  const found = Object.hasOwn(documents, name) ? documents[name] : undefined;
  if (found === undefined) {
    throw new SynosError({ code: 'name.unknown', kind: 'schema', name, near: nearest(name, schemaNames()) });
  }
  return found;
}
