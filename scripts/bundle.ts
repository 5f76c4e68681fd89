// Bundles the command line into dist/: a launcher, one file with all code of ours, in which a command's code is evaluated when it runs, and
// one file for each large library that few commands need.
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { documents } from '../orchestrator/cli/schemas.ts';
import { configJsonSchema } from '../orchestrator/config/schema.ts';
import { pageAssets } from '../orchestrator/results/assets.ts';

const apart: { readonly [file: string]: string } = {
  ...{ zod: 'zod', yaml: 'yaml', listr2: 'listr2', re2js: 're2js' },
  xterm: '@xterm/headless',
  ...{ junit: 'junit-report-builder', prometheus: 'prom-client' },
  cyclonedx: '@cyclonedx/cyclonedx-library',
};
const libraries = Object.entries(apart);
const fresh = `dist.${process.pid}`;
const now = new Date(); // of the start: a source saved while the bundle is made is newer than it
const { metafile } = await build({
  metafile: true,
  entryPoints: {
    synos: 'orchestrator/cli/launch.ts',
    main: 'orchestrator/cli/main.ts',
    ...apart,
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
  // What CycloneDX's library can do with XML and its schemas if these are there; it looks, and does without.
  external: [
    'ajv',
    'ajv-formats',
    'ajv-formats-draft2019',
    'libxmljs2',
    'spdx-expression-parse',
    'xmlbuilder2',
  ],
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
        onResolve({ filter: new RegExp(`^(${Object.values(apart).join('|')})$`) }, ({ kind, path }) => {
          const [file] = libraries.find(([, library]) => library === path) ?? [];
          return kind === 'entry-point' ? undefined : { path: `./${file}.cjs`, external: true };
        }),
    },
  ],
});
// One character beyond ASCII (inside a tagged template, say) makes V8 keep a whole file in two bytes a character, at every start.
for (const name of ['synos', 'main', ...Object.keys(apart)]) {
  const [line] = /.{0,80}[^\0-\x7f].{0,20}/.exec(readFileSync(`${fresh}/${name}.cjs`, 'utf8')) ?? [];
  if (line !== undefined) throw new Error(`${name}.cjs is not ASCII: ${line}`);
}
// What a report page carries inside itself lies beside the bundle that reads it.
for (const [name, source] of Object.entries(pageAssets)) {
  if (!source.startsWith('.')) cpSync(join('node_modules', source), `${fresh}/page/${name}`);
  else
    await build({
      entryPoints: [join('orchestrator/results', source)],
      outfile: `${fresh}/page/${name}`,
      bundle: true,
      minify: true,
      format: 'iife',
      target: 'chrome110',
    });
}
// The live system's init is compiled where an image is made.
const initSources = readdirSync('iso/initramfs').filter((name) => /\.[ch]$/.test(name));
for (const name of initSources) cpSync(`iso/initramfs/${name}`, `${fresh}/initramfs/${name}`);
cpSync('LICENSE', `${fresh}/LICENSE`);
writeFileSync(`${fresh}/LICENSES-OF-OTHERS`, licences(Object.keys(metafile.inputs)));
// For editors: a configuration names its schema by path.
mkdirSync(`${fresh}/schema`);
for (const [name, schema] of Object.entries({ config: configJsonSchema(), ...documents }))
  writeFileSync(`${fresh}/schema/${name}.schema.json`, `${JSON.stringify(schema, null, 2)}\n`);
chmodSync(`${fresh}/synos.cjs`, 0o755);
utimesSync(`${fresh}/synos.cjs`, now, now);
// Each file is replaced in one step, the launcher last: a synos that starts meanwhile finds a whole one.
for (const folder of ['page', 'schema', 'initramfs']) mkdirSync(`dist/${folder}`, { recursive: true });
const schemas = readdirSync(`${fresh}/schema`).map((name) => `schema/${name}`);
const pages = Object.keys(pageAssets).map((name) => `page/${name}`);
const files = [...Object.keys(apart), 'main', 'synos'].flatMap((name) => [`${name}.cjs.map`, `${name}.cjs`]);
const sources = initSources.map((name) => `initramfs/${name}`);
for (const name of [...pages, ...schemas, ...sources, 'LICENSE', 'LICENSES-OF-OTHERS', ...files]) {
  renameSync(`${fresh}/${name}`, `dist/${name}`);
}
rmSync(fresh, { recursive: true, force: true });

/** The licence of each package that is bundled, or whose files a report page carries. */
function licences(inputs: readonly string[]): string {
  const packages = [...inputs, ...Object.values(pageAssets).map((path) => `node_modules/${path}`)].flatMap(
    (path) => /^node_modules\/(?:@[^/]+\/)?(?!\.)[^/]+/.exec(path)?.[0] ?? [],
  );
  return [...new Set(packages)]
    .sort()
    .map((folder) => {
      const file = ['LICENSE', 'LICENSE.md', 'license', 'LICENCE']
        .map((name) => join(folder, name))
        .find(existsSync);
      const text =
        file === undefined
          ? (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { license: string }).license
          : readFileSync(file, 'utf8');
      return `== ${folder.replace('node_modules/', '')}\n\n${text.trim()}\n`;
    })
    .join('\n');
}
