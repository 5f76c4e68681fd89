// What Debian calls a licence -> its identifier in the SPDX list, only where the two mean the same text for certain: the short names of
// copyright-format 1.0, and names that are of the SPDX list themselves. `LGPL`, `Artistic` and `BSD` say too little.

// GPLv3+, GPL-2, LGPL-2.1+, AGPL-3.0+: a version is the same with and without zeroes at its end (copyright-format 1.0).
const gnu = /^(A|L)?GPL-?v?([123])(?:\.([01]))?(\+?)$/i;
const freeDocumentation = /^GFDL(-NIV)?-(1\.[123])(\+?)$/i;
const creativeCommons = /^CC-BY(?:-NC)?(?:-SA|-ND)?-(?:1|2|2\.5|3|4)(?:\.0)?$/i;

/** Undefined: none for certain. `text` is what the copyright file has for it; it decides for names that have meant several things. */
export function spdxId(name: string, text: string): string | undefined {
  const [, family = '', major, minor = '0', later] = gnu.exec(name) ?? [];
  if (major !== undefined) return gnuId(family.toUpperCase(), `${major}.${minor}`, later === '+');
  const [, free, edition, orLater] = freeDocumentation.exec(name) ?? [];
  if (edition !== undefined)
    return `GFDL-${edition}${free ? '-no-invariants' : ''}${orLater === '+' ? '-or-later' : '-only'}`;
  if (creativeCommons.test(name)) return name.toUpperCase().replace(/-([1234])$/, '-$1.0');
  if (/^MIT(?:\/X11)?$/i.test(name)) return isExpat(text) ? 'MIT' : undefined;
  return byName.get(name.toLowerCase());
}

const gnuVersions = ['GPL-1.0', 'GPL-2.0', 'GPL-3.0', 'LGPL-2.0', 'LGPL-2.1', 'LGPL-3.0', 'AGPL-3.0'];

function gnuId(family: string, version: string, later: boolean): string | undefined {
  const id = `${family}GPL-${version}`;
  return gnuVersions.includes(id) ? `${id}${later ? '-or-later' : '-only'}` : undefined;
}

// The MIT licence of the SPDX list has these words and no clause about names.
function isExpat(text: string): boolean {
  const words = text.replace(/\s+/g, ' ');
  return (
    /to use, copy, modify, merge, publish, distribute, sublicense, and\/or sell/i.test(words) &&
    /The above copyright notice and this permission notice/i.test(words) &&
    !/(?:the names? of|advertis|endorse)/i.test(words)
  );
}

/** Names that are those of the SPDX list. */
export const listed = [
  ...['0BSD', 'AFL-2.1', 'AFL-3.0', 'Apache-1.0', 'Apache-1.1', 'Apache-2.0', 'Artistic-2.0', 'Beerware'],
  ...['BSD-1-Clause', 'BSD-2-Clause', 'BSD-3-Clause', 'BSD-4-Clause', 'BSD-4-Clause-UC', 'BSL-1.0'],
  ...['bzip2-1.0.6', 'CC0-1.0', 'CDDL-1.0', 'curl', 'EPL-1.0', 'EPL-2.0', 'FSFAP', 'FSFUL', 'FSFULLR', 'FTL'],
  ...[
    'HPND',
    'IJG',
    'ICU',
    'ISC',
    'Libpng',
    'MIT-0',
    'MPL-1.1',
    'MPL-2.0',
    'NCSA',
    'NTP',
    'OFL-1.1',
    'OLDAP-2.8',
  ],
  ...['OpenSSL', 'PostgreSQL', 'Python-2.0', 'QPL-1.0', 'Ruby', 'Sleepycat', 'TCL', 'Unicode-DFS-2016'],
  ...['Unlicense', 'Vim', 'W3C', 'WTFPL', 'X11', 'Zlib', 'ZPL-2.1'],
];

const byName = new Map(
  [
    ...listed.map((id) => [id, id] as const),
    // `Apache-2` is Apache-2.0, as all versions.
    ...listed.flatMap((id) => (id.endsWith('.0') ? [[id.slice(0, -2), id] as const] : [])),
    ...([
      ['Expat', 'MIT'],
      ['CC0', 'CC0-1.0'],
      ['OpenLDAP-2.8', 'OLDAP-2.8'],
    ] as const),
  ].map(([name, id]) => [name.toLowerCase(), id] as const),
);

const exceptions: { readonly [name: string]: { readonly id: string; readonly with: RegExp } } = {
  'linux-syscall-note': { id: 'Linux-syscall-note', with: /^GPL/ },
  bison: { id: 'Bison-exception-2.2', with: /^GPL/ },
  classpath: { id: 'Classpath-exception-2.0', with: /^GPL/ },
  font: { id: 'Font-exception-2.0', with: /^GPL/ },
  libtool: { id: 'Libtool-exception', with: /^GPL/ },
  llvm: { id: 'LLVM-exception', with: /^Apache-2/ },
};

/** `Bison exception` of `GPL-3+ with Bison exception`. There is more than one exception by Autoconf, GCC and OpenSSL. */
export function spdxException(name: string, licence: string): string | undefined {
  const found = exceptions[name.toLowerCase().replace(/[\s-]exception$/, '')];
  return found?.with.test(licence) ? found.id : undefined;
}
