// The files that a page carries inside itself. scripts/bundle.ts makes them from page/ and uPlot's package, and puts them to page/ beside
// the bundle: style sheets and scripts without what only people read, each script one file of all that it imports.
import { readFileSync } from 'node:fs';

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
  // From the sources, the last bundle's: every npm script makes it anew where a source is newer.
  const made = import.meta.url.endsWith('.ts') ? new URL(`../../dist/page/${name}`, import.meta.url) : beside;
  return readFileSync(made, 'utf8').trimEnd();
}
