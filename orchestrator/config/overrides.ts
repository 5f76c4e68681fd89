// SYNOS_* variables and --set options: text laid over the file's values, each with the name of the layer that set it.
import type { ConfigIssue } from '../../core/failure.ts';
import { isObject } from '../../core/json.ts';
import { nearest } from '../../core/near.ts';

export type Override = {
  path: readonly string[];
  text: string;
  source: 'environment' | 'option';
  name: string;
};

/** What JSON Schema says of a place in the configuration; only what is needed here. */
export type SchemaNode = {
  type?: string | readonly string[];
  properties?: { readonly [key: string]: SchemaNode };
  additionalProperties?: SchemaNode | boolean;
  items?: SchemaNode;
  anyOf?: readonly SchemaNode[];
  oneOf?: readonly SchemaNode[];
};

/**
 * SYNOS_KERNEL_COMPILER=clang sets kernel.compiler: upper-case words, camelCase split. Names of machines and package groups
 * must exist in `value`, because a variable's name cannot say where one word ends.
 */
export function overridesFromEnvironment(
  environment: { readonly [name: string]: string | undefined },
  schema: SchemaNode,
  value: unknown,
): { overrides: Override[]; issues: ConfigIssue[] } {
  const known = new Map(leaves(schema, value).map((path) => [variableOf(path), path]));
  const overrides: Override[] = [];
  const issues: ConfigIssue[] = [];
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith('SYNOS_') || text === undefined) continue;
    const path = known.get(name);
    if (path) overrides.push({ path, text, source: 'environment', name });
    else issues.push(unknownVariable(name, known.keys()));
  }
  return { overrides, issues };
}

export function variableOf(path: readonly string[]): string {
  const words = path.map((step) =>
    step
      .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
      .replace(/-/g, '_')
      .toUpperCase(),
  );
  return `SYNOS_${words.join('_')}`;
}

/** `path=value` of one --set. */
export function overrideFromOption(text: string): Override | ConfigIssue {
  const cut = text.indexOf('=');
  const path = text.slice(0, Math.max(cut, 0)).split('.');
  if (cut <= 0 || path.some((step) => step === '')) {
    return {
      path: text,
      message: 'expected PATH=VALUE, as kernel.compiler=clang',
      line: 0,
      column: 0,
      source: 'option',
    };
  }
  return { path, text: text.slice(cut + 1), source: 'option', name: `--set ${text}` };
}

/** A copy of the value with one override laid over; the text becomes a number, boolean or list where the schema wants one. */
export function apply(
  value: unknown,
  override: Override,
  schema: SchemaNode,
  parse: (text: string) => unknown,
): unknown {
  const wanted = schemaAt(schema, override.path);
  const isText = wanted !== undefined && typesOf(wanted).every((type) => type === 'string');
  return put(value, override.path, isText ? override.text : parse(override.text));
}

function schemaAt(schema: SchemaNode | undefined, path: readonly PropertyKey[]): SchemaNode | undefined {
  let node: SchemaNode | undefined = schema;
  for (const step of path) {
    if (node === undefined) return undefined;
    const extra: SchemaNode | undefined =
      typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined;
    const choices: readonly SchemaNode[] = node.anyOf ?? node.oneOf ?? [node];
    const found: SchemaNode | undefined = choices
      .map((choice) => choice.properties?.[String(step)])
      .find((one) => one !== undefined);
    node = found ?? extra ?? node.items;
  }
  return node;
}

/** The keys that a mapping may have at a place. */
export function keysAt(schema: SchemaNode, path: readonly PropertyKey[]): string[] {
  const node = schemaAt(schema, path);
  const choices = node?.anyOf ?? node?.oneOf ?? (node ? [node] : []);
  return choices.flatMap((choice) => Object.keys(choice.properties ?? {}));
}

function typesOf(node: SchemaNode): string[] {
  if (node.anyOf ?? node.oneOf) return (node.anyOf ?? node.oneOf ?? []).flatMap(typesOf);
  if (node.type === undefined) return ['string'];
  return typeof node.type === 'string' ? [node.type] : [...node.type];
}

function leaves(schema: SchemaNode, value: unknown, path: readonly string[] = []): string[][] {
  const choices = schema.anyOf ?? schema.oneOf ?? [schema];
  const named = choices.flatMap((choice) => Object.entries(choice.properties ?? {}));
  const free = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  const own = free && isObject(value) ? Object.keys(value).map((key) => [key, free] as const) : [];
  if (named.length + own.length === 0) return [[...path]];
  return [...named, ...own].flatMap(([key, node]) =>
    leaves(node, isObject(value) ? value[key] : undefined, [...path, key]),
  );
}

function put(value: unknown, path: readonly string[], leaf: unknown): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return leaf;
  const base = isObject(value) ? value : {};
  return { ...base, [head]: put(Object.hasOwn(base, head) ? base[head] : undefined, rest, leaf) };
}

function unknownVariable(name: string, known: Iterable<string>): ConfigIssue {
  const near = nearest(name, known, 1)[0];
  return {
    path: name,
    message: 'no setting has this variable',
    line: 0,
    column: 0,
    source: 'environment',
    ...(near ? { suggestion: `did you mean ${near}?` } : {}),
  };
}
