// The configuration as it was resolved the last time from the very same layers, so that a command that has nothing to do need not load
// the YAML parser and the schemas: together they cost more than the rest of such a command.
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestOfJson } from '../../core/digest.ts';
import { configFile, type LoadOptions } from './find.ts';
import type { LoadedConfig } from './load.ts';
import type { Config } from './schema.ts';

export type ResolvedConfig = Pick<LoadedConfig, 'config' | 'tree' | 'file'>;

/**
 * What loadConfig() gives, without the origins. `memory` names the files to remember in, given the project's folder: its own, and one that
 * outlives a cache that was cleaned.
 */
export async function resolvedConfig(
  options: LoadOptions,
  memory: (tree: string) => readonly string[],
): Promise<ResolvedConfig> {
  const file = configFile(options);
  const tree = file ? dirname(file) : options.directory;
  const key = keyOf(options, file);
  const places = memory(tree);
  for (const place of places) {
    const known = recall(place, key);
    if (!known) continue;
    if (place !== places[0]) remember(places.slice(0, 1), key, known);
    return { config: known, tree, file };
  }
  const { loadConfig } = await import('./load.ts');
  const loaded = loadConfig(options);
  remember(places, key, loaded.config);
  return loaded;
}

// Everything that the result depends on: the layers, and this very program with its schemas and defaults.
function keyOf(options: LoadOptions, file: string | undefined): string {
  const program = statSync(fileURLToPath(import.meta.url));
  const variables = Object.entries(options.environment).filter(([name]) => name.startsWith('SYNOS_'));
  return digestOfJson({
    program: [program.size, program.mtimeMs, program.ino],
    file: file ?? null,
    text: file === undefined || statSync(file).size > 1 << 20 ? null : readFileSync(file, 'utf8'),
    variables: variables.map(([name, text]) => [name, text ?? '']).sort(),
    set: [...options.set],
  });
}

function recall(place: string, key: string): Config | undefined {
  try {
    const remembered = JSON.parse(readFileSync(place, 'utf8')) as { key: string; config: Config };
    return remembered.key === key ? remembered.config : undefined;
  } catch {
    return undefined; // not there, or torn: it is resolved anew
  }
}

// Only beside a cache that is there already: looking at a project must not write into it.
function remember(places: readonly string[], key: string, config: Config): void {
  for (const place of places) {
    try {
      if (!statSync(dirname(place)).isDirectory()) continue;
      const fresh = `${place}.${process.pid}.part`;
      writeFileSync(fresh, JSON.stringify({ key, config }));
      renameSync(fresh, place);
    } catch {
      // It is only a memory; whoever must write here will say what is wrong.
    }
  }
}
