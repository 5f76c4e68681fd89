// The files that a page carries inside itself. From the sources they lie in page/ and in uPlot's package; a build copies all of them
// to page/ beside the bundle, as `pageAssets` says.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Name beside the bundle -> where it comes from: a path from this file, or a file of a package. */
export const pageAssets = {
  'report.css': './page/report.css',
  'report.js': './page/report.js',
  'uplot.css': 'uplot/dist/uPlot.min.css',
  'uplot.js': 'uplot/dist/uPlot.iife.min.js',
} as const;
export type AssetName = keyof typeof pageAssets;

/** The text of an asset. Throws the file system's error when it is not there: the installation is broken. */
export function assetText(name: AssetName): string {
  const beside = new URL(`./page/${name}`, import.meta.url);
  return readFileSync(existsSync(beside) ? beside : fileURLToPath(sourceOf(name)), 'utf8');
}

function sourceOf(name: AssetName): string {
  return import.meta.resolve(pageAssets[name]);
}
