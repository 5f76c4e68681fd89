// The version of this SynOS.
import { readFileSync } from 'node:fs';

/** The package's version: package.json lies one folder above the bundle's launcher, two above its chunks and this file. */
export function version(): string {
  for (const place of ['../package.json', '../../package.json']) {
    try {
      const { name, version: text } = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8')) as {
        name: string;
        version: string;
      };
      if (name === 'synos') return text;
    } catch {
      // the other place
    }
  }
  return 'unknown';
}
