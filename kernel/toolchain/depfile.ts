// Which files a compiler read: the rule that `-MMD -MF` writes, and the files that would have been read instead had they existed.
import { dirname, join, relative, resolve } from 'node:path';

/** Prerequisites of all rules in a dependency file, in order, each once. A quoted space, hash, backslash or dollar is one character. */
export function parseDepfile(text: string): string[] {
  const found = new Set<string>();
  for (const rule of text.replace(/\\\r?\n/g, ' ').split('\n')) {
    // The target ends at the first colon that white space or the end follows.
    const colon = /:(?=\s|$)/.exec(rule);
    if (!colon) continue;
    for (const [word] of rule.slice(colon.index + 1).matchAll(/(?:\\.|\$\$|[^\s\\])+/g))
      found.add(word.replace(/\\([ #\\])/g, '$1').replaceAll('$$', '$'));
  }
  return [...found];
}

/** Headers relative to the tree, from what a compiler that ran there named. Without the source itself. */
export function headersOf(text: string, source: string, tree: string): string[] {
  return parseDepfile(text)
    .map((path) => relative(tree, resolve(tree, path)))
    .filter((path) => path !== relative(tree, resolve(tree, source)));
}

/**
 * Paths at which a new file would be found before one of these headers: `#include "x"` looks beside the file that has the line first, then in
 * each include folder in order. ccache documents these as the case that it gets wrong; naming them as absent inputs gets it right.
 */
export function shadowsOf(source: string, headers: readonly string[], include: readonly string[]): string[] {
  const beside = new Set([source, ...headers].map((path) => dirname(path)));
  const known = new Set([source, ...headers]);
  const shadows = new Set<string>();
  for (const header of headers) {
    include.forEach((folder, index) => {
      if (!header.startsWith(`${folder}/`)) return;
      const rest = header.slice(folder.length + 1);
      for (const place of [...beside, ...include.slice(0, index)]) shadows.add(join(place, rest));
    });
  }
  return [...shadows].filter((path) => !known.has(path));
}
