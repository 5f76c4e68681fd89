// Bundles the command line into dist/: one small launcher and a chunk for each command's code, so that a command loads only its own.
import { chmodSync, cpSync, mkdirSync, renameSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { pageAssets } from '../orchestrator/results/assets.ts';

const fresh = `dist.${process.pid}`;
const now = new Date(); // of the start: a source saved while the bundle is made is newer than it
mkdirSync(fresh, { recursive: true });
await build({
  entryPoints: { synos: 'orchestrator/cli/launch.ts' },
  outdir: fresh,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: true,
  sourcemap: 'linked',
  legalComments: 'linked',
  chunkNames: 'chunks/[name]-[hash]',
  loader: { '.css': 'text', '.txt': 'text' },
  // Some CommonJS dependencies call require() for Node's own modules.
  banner: {
    js: "import { createRequire as __synosRequire } from 'node:module'; const require = __synosRequire(import.meta.url);",
  },
});
cpSync('LICENSE', `${fresh}/LICENSE`);
// What a report page carries inside itself lies beside the chunk that reads it.
const assets = 'orchestrator/results';
for (const [name, source] of Object.entries(pageAssets)) {
  const from = source.startsWith('.') ? join(assets, source) : join('node_modules', source);
  cpSync(from, `${fresh}/chunks/page/${name}`);
}
chmodSync(`${fresh}/synos.js`, 0o755);
utimesSync(`${fresh}/synos.js`, now, now);
// A synos that runs now keeps its open files; the next one finds the new folder whole.
rmSync('dist', { recursive: true, force: true });
renameSync(fresh, 'dist');
