// Checks the parameters of this wing's tasks: a plan may have been made elsewhere, and they end in command lines and URLs.
import { asDigest, type Digest } from '../core/digest.ts';
import { SynosError } from '../core/failure.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import type { Group } from './configure/groups.ts';
import type { Deb, Mirrors } from './fetch.ts';
import { archiveName, packageName, packagePath, packageVersion } from './grammar.ts';

/** The value must be an object. Throws SynosError plan.invalid, as all here. */
export function object(params: Json, kind: string): JsonObject {
  if (isObject(params)) return params;
  throw bad(kind, 'params');
}

export function text(from: JsonObject, name: string, grammar: RegExp): string {
  const value = from[name];
  if (typeof value === 'string' && grammar.test(value)) return value;
  throw bad(name, 'text');
}

export function integer(from: JsonObject, name: string, most: number): number {
  const value = from[name];
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw bad(name, 'number');
}

export function flag(from: JsonObject, name: string): boolean {
  const value = from[name];
  if (typeof value === 'boolean') return value;
  throw bad(name, 'flag');
}

export function debs(from: JsonObject): Deb[] {
  return list(from, 'debs').map((row) => {
    const deb = object(row, 'debs');
    return {
      name: text(deb, 'name', packageName),
      version: text(deb, 'version', packageVersion),
      archive: text(deb, 'archive', archiveName),
      sha256: digest(deb, 'sha256'),
      size: integer(deb, 'size', 2 ** 40),
      path: text(deb, 'path', packagePath),
    };
  });
}

/** Groups of packages, in their order: at least one. */
export function groups(from: JsonObject): Group[] {
  const rows = list(from, 'groups');
  if (rows.length === 0) throw bad('groups', 'list');
  return rows.map((row) => {
    const group = object(row, 'groups');
    return { name: text(group, 'name', /^[a-z][a-z0-9-]{0,31}$/), batches: integer(group, 'batches', 1000) };
  });
}

export function mirrors(from: JsonObject): Mirrors {
  const all = object(from['mirrors'] ?? null, 'mirrors');
  const names = Object.keys(all).map((name) => text({ name }, 'name', archiveName));
  return Object.fromEntries(names.map((name) => [name, urls(all, name)]));
}

function urls(from: JsonObject, name: string): string[] {
  return list(from, name).map((url) => text({ url }, 'url', /^https?:\/\/[!-~]+$/));
}

function digest(from: JsonObject, name: string): Digest {
  const value = from[name];
  const found = typeof value === 'string' ? asDigest(value) : undefined;
  if (found) return found;
  throw bad(name, 'digest');
}

function list(from: JsonObject, name: string): readonly Json[] {
  const value = from[name];
  if (Array.isArray(value)) return value as readonly Json[];
  throw bad(name, 'list');
}

function bad(name: string, what: string): SynosError {
  return new SynosError({ code: 'plan.invalid', reason: `an image task's ${name} is not a valid ${what}` });
}

/** Groups with the names of their packages. */
export function packageGroups(from: JsonObject): { name: string; packages: string[] }[] {
  return list(from, 'groups').map((row) => {
    const group = object(row, 'groups');
    const packages = list(group, 'packages').map((name) => text({ name }, 'name', /^[a-z0-9][a-z0-9+.-]+$/));
    return { name: text(group, 'name', /^[a-z][a-z0-9-]*$/), packages };
  });
}
