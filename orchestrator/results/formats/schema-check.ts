// Holds a document against a JSON Schema of ours: the words of JSON Schema that run.schema.json uses, so that a stranger's run is known to
// be one before it is stored. (Ajv, which the tests hold our own output against, is three times as large as the rest of this folder.)
import type { Part } from './part.ts';

type Schema = { readonly [word: string]: unknown };

/** Throws FormatFault with the place. */
export function checkAgainst(root: Schema, document: Part): void {
  check(root, document, root);
}

function check(schema: Schema, part: Part, root: Schema): void {
  const { $ref, anyOf } = schema;
  if (typeof $ref === 'string') check(definition($ref, root), part, root);
  if (Array.isArray(anyOf)) checkAny(anyOf as Schema[], part, root);
  checkValue(schema, part);
  if (Array.isArray(part.value)) checkList(schema, part, root);
  else if (part.isObject()) checkObject(schema, part, root);
}

function definition(ref: string, root: Schema): Schema {
  const found = (root['$defs'] as { readonly [name: string]: Schema })[ref.replace('#/$defs/', '')];
  if (!found) throw new Error(`the schema has no ${ref}`);
  return found;
}

// The fault of the last is told: in ours it is the one that is no null.
function checkAny(schemas: readonly Schema[], part: Part, root: Schema): void {
  let fault: unknown;
  for (const schema of schemas) {
    try {
      check(schema, part, root);
      return;
    } catch (error) {
      if (fault === undefined || schema['type'] !== 'null') fault = error;
    }
  }
  throw fault;
}

function checkValue(schema: Schema, part: Part): void {
  const { value } = part;
  const { type, pattern, minimum, maximum } = schema;
  if (value === undefined) part.fault('it is missing');
  if (type !== undefined && ![type].flat().some((one) => isOf(String(one), value)))
    part.fault(`${[type].flat().join(' or ')} is expected here`);
  if ('const' in schema && value !== schema['const'])
    part.fault(`${JSON.stringify(schema['const'])} is expected here`);
  if (Array.isArray(schema['enum']) && !schema['enum'].includes(value))
    part.fault(`one of ${schema['enum'].join(', ')} is expected here`);
  if (typeof pattern === 'string' && typeof value === 'string' && !new RegExp(pattern, 'u').test(value))
    part.fault(`a text of the form ${pattern} is expected here`);
  if (typeof value !== 'number' && typeof value !== 'bigint') return;
  if (typeof minimum === 'number' && value < minimum) part.fault(`it is less than ${minimum}`);
  if (typeof maximum === 'number' && value > maximum) part.fault(`it is more than ${maximum}`);
}

function isOf(type: string, value: unknown): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'integer':
      return typeof value === 'bigint' || Number.isInteger(value);
    case 'number':
      return typeof value === 'bigint' || typeof value === 'number';
    default:
      return typeof value === type;
  }
}

function checkList({ items, minItems, maxItems }: Schema, part: Part, root: Schema): void {
  const parts = part.items();
  if (typeof minItems === 'number' && parts.length < minItems)
    part.fault(`it has fewer than ${minItems} members`);
  if (typeof maxItems === 'number' && parts.length > maxItems)
    part.fault(`it has more than ${maxItems} members`);
  if (items) for (const one of parts) check(items as Schema, one, root);
}

function checkObject({ properties, required, additionalProperties }: Schema, part: Part, root: Schema): void {
  const known = (properties ?? {}) as { readonly [name: string]: Schema };
  for (const name of (required ?? []) as string[])
    if (part.at(name).value === undefined) part.at(name).fault('it is missing');
  for (const [name, one] of part.entries()) {
    if (Object.hasOwn(known, name)) check(known[name] as Schema, one, root);
    else if (additionalProperties === false) one.fault('there is no such member');
    else if (typeof additionalProperties === 'object') check(additionalProperties as Schema, one, root);
  }
}
