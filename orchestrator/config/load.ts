// Options beat SYNOS_* variables beat synos.yaml beat defaults: the layers become one Config that remembers who set what.
import { dirname } from 'node:path';
import { parse as parseScalar } from 'yaml';
import { type ConfigIssue, SynosError } from '../../core/failure.ts';
import { isObject } from '../../core/json.ts';
import { configFile, fileName, type LoadOptions } from './find.ts';
import { issuesOf, type Origin } from './issues.ts';
import {
  apply,
  type Override,
  overrideFromOption,
  overridesFromEnvironment,
  type SchemaNode,
} from './overrides.ts';
import { type Config, configJsonSchema, configSchema, defaultMachinesFor } from './schema.ts';
import { readYaml, type YamlSource } from './yaml-source.ts';

const mostIssues = 20;

export type LoadedConfig = {
  config: Config;
  /** The project's folder: where the file is, else the directory itself. */
  tree: string;
  file: string | undefined;
  /** Every leaf with its value and where it came from. */
  leaves: readonly { path: string; value: unknown; source: string }[];
};

/** Throws SynosError config.invalid (all issues at once, capped) or usage. */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const file = configFile(options);
  const source: YamlSource = file ? readYaml(file) : { value: {}, place: () => ({ line: 0, column: 0 }) };
  const schema = configJsonSchema() as SchemaNode;
  const { value, overrides, issues } = layered(source.value, options, schema);
  const origin = originOf(overrides, source, value);
  const parsed = configSchema.safeParse(value);
  if (!parsed.success) issues.push(...issuesOf(parsed.error, schema, origin));
  if (!parsed.success || issues.length > 0) {
    throw new SynosError({
      code: 'config.invalid',
      file: file ?? fileName,
      issues: issues.slice(0, mostIssues),
      more: Math.max(0, issues.length - mostIssues),
    });
  }
  const leaves = flatten(parsed.data).map(({ path, value: leaf }) => ({
    path: path.join('.'),
    value: leaf,
    source: describe(path, origin, overrides, file, source),
  }));
  return { config: parsed.data, tree: file ? dirname(file) : options.directory, file, leaves };
}

function layered(
  base: unknown,
  options: LoadOptions,
  schema: SchemaNode,
): { value: unknown; overrides: Override[]; issues: ConfigIssue[] } {
  // Machines that exist by default can be set, too, so the variables are named after the whole picture.
  const whole = configSchema.safeParse(withMachines(base, base));
  const fromEnvironment = overridesFromEnvironment(
    options.environment,
    schema,
    whole.success ? whole.data : base,
  );
  const overrides = [...fromEnvironment.overrides];
  const issues = [...fromEnvironment.issues];
  for (const text of options.set) {
    const one = overrideFromOption(text);
    if ('text' in one) overrides.push(one);
    else issues.push(one);
  }
  const laidOver = (under: unknown): unknown =>
    overrides.reduce((value, one) => apply(value, one, schema, parseScalar), under);
  // Setting one field of a default machine must not make the others disappear.
  return { value: laidOver(withMachines(base, laidOver(base))), overrides, issues };
}

function withMachines(base: unknown, whole: unknown): unknown {
  if (!isObject(base) || has(base, ['machines'])) return base;
  return { ...base, machines: defaultMachinesFor(isObject(whole) ? whole['kernel'] : undefined) };
}

function originOf(
  overrides: readonly Override[],
  source: YamlSource,
  value: unknown,
): (path: readonly PropertyKey[]) => Origin {
  return (path) => {
    const over = overrides.findLast((one) =>
      one.path.every((step, index) => path[index] === undefined || String(path[index]) === step),
    );
    const place = source.place(path);
    if (over && path.length >= over.path.length) return { source: over.source, place };
    return { source: place.line > 0 && has(value, path.slice(0, 1)) ? 'file' : 'default', place };
  };
}

function describe(
  path: readonly string[],
  origin: (path: readonly PropertyKey[]) => Origin,
  overrides: readonly Override[],
  file: string | undefined,
  source: YamlSource,
): string {
  const { source: layer, place } = origin(path);
  if (layer === 'environment' || layer === 'option') {
    return overrides.findLast((one) => one.path.every((step, index) => path[index] === step))?.name ?? layer;
  }
  return layer === 'file' && has(source.value, path) ? `${file}:${place.line}:${place.column}` : 'default';
}

function has(value: unknown, path: readonly PropertyKey[]): boolean {
  let node = value;
  for (const step of path) {
    if (Array.isArray(node)) node = node[Number(step)];
    else if (isObject(node) && Object.hasOwn(node, String(step))) node = node[String(step)];
    else return false;
  }
  return node !== undefined;
}

function flatten(value: unknown, path: readonly string[] = []): { path: string[]; value: unknown }[] {
  if (isObject(value) && Object.keys(value).length > 0) {
    return Object.entries(value).flatMap(([key, child]) => flatten(child, [...path, key]));
  }
  return [{ path: [...path], value }];
}
