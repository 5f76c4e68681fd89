// Where in the configuration file something stands that an archive does not agree with.
import { basename } from 'node:path';
import { type Failure, SynosError } from '../../core/failure.ts';
import { isObject } from '../../core/json.ts';
import { readYaml } from '../config/yaml-source.ts';
import type { Session } from './session.ts';

/** The same error, its place named by file, line and column where the file has it. */
export function withPlace(error: unknown, session: Session): unknown {
  if (!(error instanceof SynosError) || session.file === undefined) return error;
  const { failure } = error;
  if (failure.code !== 'name.unknown' || failure.where === undefined) return error;
  const place = placeOf(failure, session.file);
  return place
    ? new SynosError({ ...failure, where: `${place}: ${failure.where}` }, { cause: error.cause })
    : error;
}

function placeOf(failure: Extract<Failure, { code: 'name.unknown' }>, file: string): string | undefined {
  const source = readYaml(file);
  const path: (string | number)[] = (failure.where ?? '').split('.');
  let value: unknown = source.value;
  for (const step of path) value = isObject(value) ? value[step] : undefined;
  if (!Array.isArray(value)) return undefined;
  const { line, column } = source.place([...path, value.indexOf(failure.name)]);
  return `${basename(file)}:${line}:${column}`;
}
