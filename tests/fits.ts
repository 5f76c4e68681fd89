// Holds documents against the JSON Schemas that SynOS ships.
import { Ajv2020 } from 'ajv/dist/2020.js';
import { schemaOf } from '../orchestrator/cli/schema.ts';

/** Throws, with what is wrong, when a document is not what its shipped schema says. */
export async function fits(name: string, document: unknown): Promise<void> {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
  const check = ajv.compile(await schemaOf(name));
  if (!check(document)) throw new Error(`not a ${name}: ${ajv.errorsText(check.errors)}`);
}
