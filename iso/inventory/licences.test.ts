import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { listed as documented, spdxId } from './licence-names.ts';
import { licencesOf } from './licences.ts';

const schemas = 'node_modules/@cyclonedx/cyclonedx-library/res/schema';

const format = 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n';
const files = (licence: string, path = '*'): string =>
  `\nFiles: ${path}\nCopyright: someone\nLicense: ${licence}\n`;
const expat = ` Permission is hereby granted, to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
 copies. The above copyright notice and this permission notice shall be included.`;

test.each([
  ['GPL-2+', 'GPL-2.0-or-later'],
  ['GPL-2', 'GPL-2.0-only'],
  ['GPL-2.0', 'GPL-2.0-only'],
  ['LGPL-2.1+', 'LGPL-2.1-or-later'],
  ['GPLv3+', 'GPL-3.0-or-later'],
  ['AGPL-3', 'AGPL-3.0-only'],
  ['Expat', 'MIT'],
  ['bsd-3-clause', 'BSD-3-Clause'],
  ['Apache-2', 'Apache-2.0'],
  ['CC-BY-SA-4', 'CC-BY-SA-4.0'],
  ['GFDL-NIV-1.3+', 'GFDL-1.3-no-invariants-or-later'],
  ['GPL-2 with Linux-syscall-note exception', 'GPL-2.0-only WITH Linux-syscall-note'],
  ['GPL-3+ with Bison exception', 'GPL-3.0-or-later WITH Bison-exception-2.2'],
  ['GPL-2+ or ISC', 'GPL-2.0-or-later OR ISC'],
  ['ISC and GPL-2+ or Expat', 'GPL-2.0-or-later AND ISC OR MIT'],
  ['ISC or GPL-2+, and Expat', '(ISC OR GPL-2.0-or-later) AND MIT'],
])('%s is %s', (licence, expression) => {
  const said = licencesOf(format + files(licence));
  expect(said.kind).toBe('listed');
  const sorted = (text: string): string =>
    text
      .split(/( OR |\(|\))/)
      .map((part) => part.split(' AND ').sort().join(' AND '))
      .join('');
  expect(sorted(said.expression)).toBe(sorted(expression));
});

test.each([
  'LGPL',
  'Artistic',
  'BSD',
  'public-domain',
  'GPL-2+ with OpenSSL exception',
  'LGPL-1',
  'GPL-2+ with odd words',
])('%s is no licence of the list for certain: its text is kept', (licence) => {
  const said = licencesOf(`${format}${files(licence)} first line\n .\n  indented\n`);
  expect(said.kind).toBe('mixed');
  expect(said.texts).toHaveLength(1);
  expect(said.texts[0]).toMatchObject({ name: licence, text: 'first line\n\n indented' });
  expect(said.expression).toBe(said.texts[0]?.id);
  expect(said.expression).toMatch(/^LicenseRef-[A-Za-z0-9.-]+-[0-9a-f]{12}$/);
});

test('MIT is one licence where its text is that one', () => {
  expect(licencesOf(`${format}${files('MIT')}${expat}\n`).expression).toBe('MIT');
  expect(
    licencesOf(`${format}${files('MIT')}${expat} The names of the authors shall not be used.\n`).kind,
  ).toBe('mixed');
  expect(licencesOf(format + files('MIT')).kind).toBe('mixed');
});

test('files under several licences are under all of them, each once and sorted', () => {
  const said = licencesOf(
    format + files('ISC') + files('GPL-2 or ISC', 'a') + files('BSD-2-clause', 'b') + files('ISC', 'c'),
  );
  expect(said.expression).toBe('BSD-2-Clause AND (GPL-2.0-only OR ISC) AND ISC');
});

test('a text may stand by itself, also for a part of two', () => {
  const said = licencesOf(`${format}${files('mine or GPL-2')}\nLicense: mine\n do as you like\n`);
  expect(said.texts).toEqual([
    { id: expect.stringMatching(/^LicenseRef-mine-/), name: 'mine', text: 'do as you like' },
  ]);
  expect(said.expression).toBe(`${said.texts[0]?.id} OR GPL-2.0-only`);
});

test('a licence of no files is none of the package', () => {
  expect(licencesOf(`${format}${files('ISC')}\nLicense: GPL-2\n text\n`).expression).toBe('ISC');
});

test.each([
  ['no format', 'This package was debianized by someone.\n\nLicense: GPL'],
  ['a damaged one', `${format}\nFiles: *\nLicense: ISC\nno field\n`],
  ['no files', `${format}\nLicense: ISC\n`],
  ['nothing', ''],
])('a copyright file with %s is kept as it is', (_what, text) => {
  const said = licencesOf(text);
  expect(said).toMatchObject({ kind: 'text', texts: [{ text }] });
});

test('two packages that mean different texts by one name have two licences, the same text is one', () => {
  const [a, b, c] = ['one', 'two', 'one'].map(
    (text) => licencesOf(`${format}${files('own')} ${text}\n`).expression,
  );
  expect(a).not.toBe(b);
  expect(a).toBe(c);
});

test('every identifier that a name leads to is in the SPDX list', () => {
  const listed = new Set(
    (JSON.parse(readFileSync(`${schemas}/spdx.SNAPSHOT.schema.json`, 'utf8')) as { enum: string[] }).enum,
  );
  const versions = ['1', '2', '2.1', '3'].flatMap((v) =>
    ['GPL', 'LGPL', 'AGPL'].flatMap((f) => [`${f}-${v}`, `${f}-${v}+`]),
  );
  const names = [...versions, ...documented, 'GFDL-1.2', 'GFDL-NIV-1.1+', 'CC-BY-NC-ND-2.5', 'CC-BY-3'];
  const ids = names.flatMap((name) => spdxId(name, '') ?? []);
  expect(ids.length).toBeGreaterThan(50);
  expect(ids.filter((id) => !listed.has(id))).toEqual([]);
});
