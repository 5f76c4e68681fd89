// `synos config`: each value with where it came from.
import { loadConfig } from '../config/load.ts';
import { columnsOf, styleFor, writeOut } from '../ui/output.ts';
import type { Flags } from './flags.ts';
import { layersOf } from './session.ts';

export async function config(flags: Flags): Promise<number> {
  const loaded = loadConfig(layersOf(flags));
  if (flags.json) {
    const values = loaded.leaves.map(({ path, value, source }) => ({ path, value, source }));
    writeOut(
      JSON.stringify({ schema: 'synos.settings/1', file: loaded.file ?? null, tree: loaded.tree, values }),
    );
    return 0;
  }
  const style = styleFor(process.stdout);
  const wide = Math.max(...loaded.leaves.map((leaf) => leaf.path.length));
  const columns = columnsOf(process.stdout);
  for (const { path, value, source } of loaded.leaves) {
    const text = JSON.stringify(value);
    const origin = source === 'default' ? style.dim('default') : source;
    // On a narrow terminal the origin goes below its value, so that nothing is cut.
    const line = `${path.padEnd(wide)}  ${text}`;
    writeOut(
      line.length + source.length + 4 <= columns
        ? `${line}  ${style.dim('#')} ${origin}`
        : `${path}\n  ${text}\n  ${style.dim('#')} ${origin}`,
    );
  }
  return 0;
}
