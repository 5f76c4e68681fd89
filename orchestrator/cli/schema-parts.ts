// The words that schemas of our documents are made of.
export type Schema = { readonly [key: string]: unknown };

export const text = (description: string): Schema => ({ type: 'string', description });
export const count = (description: string): Schema => ({ type: 'integer', minimum: 0, description });
export const number = (description: string): Schema => ({ type: 'number', minimum: 0, description });
export const flag = (description: string): Schema => ({ type: 'boolean', description });
export const list = (items: Schema, description: string): Schema => ({ type: 'array', items, description });
export const maybe = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
export const digest: Schema = {
  type: 'string',
  pattern: '^[0-9a-f]{64}$',
  description: 'SHA-256, hexadecimal',
};

/** An object with exactly these members. */
export function object(properties: { readonly [name: string]: Schema }, description?: string): Schema {
  const says = description === undefined ? {} : { description };
  return {
    type: 'object',
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
    ...says,
  };
}

export function document(
  name: string,
  description: string,
  properties: { readonly [name: string]: Schema },
): Schema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `https://synos.invalid/schema/${name}.schema.json`,
    title: `synos ${name}`,
    ...object({ schema: { const: `synos.${name}/1` }, ...properties }, description),
  };
}
