// Where in the configuration file something stands that an archive does not agree with.
import { basename } from 'node:path';
import { SynosError } from '../../core/failure.ts';
import { isObject } from '../../core/json.ts';
import { readYaml } from '../config/yaml-source.ts';
import type { Session } from './session.ts';

/** The same error, its place named by file, line and column where the file has it. */
export function withPlace(error: unknown, session: Session): unknown {
  if (!(error instanceof SynosError) || session.file === undefined) return error;
  const { failure } = error;
  const { file } = session;
  if (failure.code === 'packages.unsatisfiable') {
    const reasons = failure.reasons.map((reason) => withPlaceOfName(reason, file));
    return new SynosError({ ...failure, reasons }, { cause: error.cause });
  }
  if (failure.code !== 'name.unknown' || failure.where === undefined) return error;
  const place = placeOf(failure.name, failure.where, file);
  return place
    ? new SynosError({ ...failure, where: `${place}: ${failure.where}` }, { cause: error.cause })
    : error;
}

// `NAME (list LIST, VERSION) ...`, as the wing tells it.
function withPlaceOfName(reason: string, file: string): string {
  const [, name = '', list = ''] = /^(\S+) \(list ([a-z0-9-]+),/.exec(reason) ?? [];
  const place = list === '' ? undefined : placeOf(name, `iso.packages.${list}`, file);
  return place ? `${place}: ${reason}` : reason;
}

function placeOf(name: string, where: string, file: string): string | undefined {
  const source = readYaml(file);
  const path: (string | number)[] = where.split('.');
  let value: unknown = source.value;
  for (const step of path) value = isObject(value) ? value[step] : undefined;
  if (!Array.isArray(value) || !value.includes(name)) return undefined;
  const { line, column } = source.place([...path, value.indexOf(name)]);
  return `${basename(file)}:${line}:${column}`;
}
