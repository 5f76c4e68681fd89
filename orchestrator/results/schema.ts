// The JSON Schema of a stored run, which `synos boot --json` prints and `synos schema run` shows.
import schema from './schema/run.schema.json' with { type: 'json' };

export const runSchema: { readonly [key: string]: unknown } = schema;
