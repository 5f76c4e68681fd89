// JSON values and their canonical text: one value, one text, so that a digest of it means something.

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/**
 * The text of a value with object keys sorted by UTF-16 code units and no white space, as RFC 8785 orders them.
 * Throws a TypeError for what JSON cannot hold (NaN, infinities), because a silent `null` would collide with a real one.
 */
export function canonical(value: Json): string {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new TypeError(`not a JSON number: ${value}`);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isArray(value))
    return value.every(isText) ? JSON.stringify(value) : `[${value.map(canonical).join(',')}]`;
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key] as Json)}`);
  return `{${members.join(',')}}`;
}

const isText = (value: Json): boolean => typeof value === 'string';

export function isObject(value: unknown): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

// Array.isArray narrows readonly arrays badly; this keeps the element type.
function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
