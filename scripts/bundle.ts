// Bundles the command line into dist/: one small launcher and a chunk for each command's code, so that a command loads only its own.
import { chmodSync, cpSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
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
// A synos that runs now goes on loading the chunks that it was built with: chunks have their digest in the name, so new ones only come
// beside them, the launcher is replaced last, and what nobody can be using any more goes.
const dayMs = 86_400_000;
mkdirSync('dist/chunks/page', { recursive: true });
for (const name of readdirSync(fresh, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file !== 'synos.js',
)) {
  if (statSync(`${fresh}/${name}`).isFile()) renameSync(`${fresh}/${name}`, `dist/${name}`);
}
for (const name of readdirSync('dist/chunks')) {
  const { mtimeMs } = statSync(`dist/chunks/${name}`);
  if (name !== 'page' && mtimeMs < now.getTime() - dayMs) rmSync(`dist/chunks/${name}`);
}
renameSync(`${fresh}/synos.js`, 'dist/synos.js');
rmSync(fresh, { recursive: true, force: true });
