// Bundles the command line into dist/: a launcher, one file with all code of ours, in which a command's code is evaluated when it runs, and
// one file for each large library that few commands need.
import { chmodSync, cpSync, mkdirSync, readFileSync, renameSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { pageAssets } from '../orchestrator/results/assets.ts';

const apart = ['zod', 'yaml', 'listr2', 're2js'];
const fresh = `dist.${process.pid}`;
const now = new Date(); // of the start: a source saved while the bundle is made is newer than it
await build({
  entryPoints: {
    synos: 'orchestrator/cli/launch.ts',
    main: 'orchestrator/cli/main.ts',
    ...Object.fromEntries(apart.map((name) => [name, name])),
  },
  outdir: fresh,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node24',
  minify: true,
  sourcemap: 'linked',
  legalComments: 'linked',
  // `import()` would start the loader for modules after all.
  supported: { 'dynamic-import': false },
  logOverride: { 'empty-import-meta': 'silent' }, // assets.ts asks it only where the sources run
  define: { 'import.meta.url': '__bundleUrl' },
  banner: { js: "const __bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
  plugins: [
    {
      // For commands that are programs of their own, which ours are not; loading it is a tenth of what `--help` costs.
      name: 'commander-starts-no-process',
      setup: ({ onResolve, onLoad }) => {
        onResolve({ filter: /^(node:)?child_process$/ }, ({ importer }) =>
          importer.includes('/node_modules/commander/') ? { path: 'none', namespace: 'none' } : undefined,
        );
        onLoad({ filter: /.*/, namespace: 'none' }, () => ({ contents: 'module.exports = {};' }));
      },
    },
    {
      name: 'libraries-stay-apart',
      setup: ({ onResolve }) =>
        onResolve({ filter: new RegExp(`^(${apart.join('|')})$`) }, ({ kind, path }) =>
          kind === 'entry-point' ? undefined : { path: `./${path}.cjs`, external: true },
        ),
    },
  ],
});
// One character beyond ASCII (inside a tagged template, say) makes V8 keep a whole file in two bytes a character, at every start.
for (const name of ['synos', 'main', ...apart]) {
  const [line] = /.{0,80}[^\0-\x7f].{0,20}/.exec(readFileSync(`${fresh}/${name}.cjs`, 'utf8')) ?? [];
  if (line !== undefined) throw new Error(`${name}.cjs is not ASCII: ${line}`);
}
// What a report page carries inside itself lies beside the bundle that reads it.
for (const [name, source] of Object.entries(pageAssets)) {
  const from = source.startsWith('.') ? join('orchestrator/results', source) : join('node_modules', source);
  cpSync(from, `${fresh}/page/${name}`);
}
cpSync('LICENSE', `${fresh}/LICENSE`);
chmodSync(`${fresh}/synos.cjs`, 0o755);
utimesSync(`${fresh}/synos.cjs`, now, now);
// Each file is replaced in one step, the launcher last: a synos that starts meanwhile finds a whole one.
mkdirSync('dist/page', { recursive: true });
const pages = Object.keys(pageAssets).map((name) => `page/${name}`);
const files = [...apart, 'main', 'synos'].flatMap((name) => [`${name}.cjs.map`, `${name}.cjs`]);
for (const name of [...pages, 'LICENSE', ...files]) {
  renameSync(`${fresh}/${name}`, `dist/${name}`);
}
rmSync(fresh, { recursive: true, force: true });
