import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SynosError } from '../../core/failure.ts';
import { compareImages, makeSbom, measureImage } from '../inventory.ts';
import { formatLock, parseLock } from '../lock.ts';
import { sh } from '../test-debs.ts';
import { openImage } from './image.ts';
import { IsoError, readIso } from './iso9660.ts';
import { makeImage, type TestImage } from './test-image.ts';

const dep5 =
  'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nCopyright: x\nLicense: ';
const committed = readFileSync('synos.lock', 'utf8');

let folder = '';
const before = (name = ''): string => join(folder, 'before', name);
const now = (name = ''): string => join(folder, 'now', name);

const first: TestImage = {
  packages: [
    {
      name: 'base',
      fields: { Essential: 'yes' },
      copyright: `${dep5}GPL-2+\n`,
      files: { 'usr/bin/sh': 's'.repeat(1000), 'usr/bin/ash': '= usr/bin/sh' },
    },
    {
      name: 'app',
      fields: {
        Version: '1:2.0+dfsg-1~a',
        Depends: 'libapp1 (>= 1) | other, virtual:any',
        Source: 'app-src (2:2.0)',
      },
      copyright: 'free text',
      files: { 'usr/bin/app': 'a'.repeat(3000), 'usr/share/locale/de/app.mo': 'm'.repeat(500) },
    },
    {
      name: 'libapp1',
      fields: { Source: 'app-src (2:2.0)' },
      copyright: `${dep5}own\n do as you like\n`,
      files: { 'usr/lib/libapp.so.1': 'l'.repeat(2000) },
    },
    {
      name: 'provider',
      fields: { Provides: 'virtual (= 1)', Depends: 'shared' },
      files: { 'usr/share/doc/provider': '-> libapp1', 'usr/lib/p.so': 'p'.repeat(100) },
    },
    { name: 'shared', files: { 'usr/lib/shared.so': 'x'.repeat(700) } },
    {
      name: 'tool++',
      fields: { Depends: 'shared', Homepage: 'https://example.org/' },
      files: { 'usr/bin/tool': 't'.repeat(400) },
    },
  ],
  files: { 'etc/made': 'by a script', 'usr/lib/x.pyc': 'c'.repeat(50) },
};
const second: TestImage = {
  packages: [
    ...first.packages.filter(({ name }) => name !== 'shared' && name !== 'tool++' && name !== 'app'),
    {
      name: 'app',
      fields: { Version: '1:2.1-1', Depends: 'libapp1' },
      files: { 'usr/bin/app': 'b'.repeat(3500) },
    },
    { name: 'extra', files: { 'usr/bin/extra': 'e' } },
  ],
  files: { 'etc/made': '-> elsewhere' },
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'iso-inventory-'));
  await mkdir(before());
  await mkdir(now());
  await makeImage(before(), { ...first, lock: lockText() });
  await makeImage(now(), second);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The lists ask for app and tool++; the .debs are those of the project's lock, under other names. */
function lockText(): string {
  const whole = parseLock(committed, 'synos.lock');
  const [row] = whole.packages;
  if (!row) throw new Error('an empty lock');
  const names = first.packages.map(({ name }) => name).sort();
  const packages = names.map((name) => ({
    ...row,
    ...{ name, group: name === 'base' ? 'base' : 'dev', why: why(name) },
    version: first.packages.find((one) => one.name === name)?.fields?.['Version'] ?? '1.0-1',
  }));
  return formatLock({ ...whole, groups: ['base', 'dev'], packages });
}

const why = (name: string): string => {
  if (name === 'base') return 'essential';
  return name === 'app' || name === 'tool++' ? 'list:dev' : 'needed-by:app';
};

const schemas = 'node_modules/@cyclonedx/cyclonedx-library/res/schema';
const schema = (name: string): object =>
  JSON.parse(readFileSync(`${schemas}/${name}.SNAPSHOT.schema.json`, 'utf8')) as object;

type CdxComponent = {
  name: string;
  purl?: string;
  type: string;
  'bom-ref': string;
  licenses?: object[];
  evidence?: object;
};
type Cdx = { components: CdxComponent[]; dependencies: { ref: string; dependsOn?: string[] }[] } & {
  [key: string]: unknown;
};

async function cyclonedx(path: string): Promise<Cdx> {
  const { texts } = await makeSbom(path, ['cyclonedx'], '1.0');
  return JSON.parse(texts[0] ?? '') as Cdx;
}

test('CycloneDX: the official schema of 1.6 has nothing against it', async () => {
  const names = ['spdx', 'jsf-0.82'];
  const others = Object.fromEntries(
    names.map((name) => [
      `${name}.SNAPSHOT.schema.json`,
      { ...schema(name), $id: `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json` },
    ]),
  );
  const ajv = new Ajv({
    strict: false,
    validateFormats: false,
    schemas: others,
  });
  const check = ajv.compile(schema('bom-1.6'));
  const bom = await cyclonedx(before('iso'));
  expect(check(bom), ajv.errorsText(check.errors)).toBe(true);
  expect(check({ ...bom, components: [{ type: 'library' }] })).toBe(false);
});

test('CycloneDX: packages with their URLs, licences, digests and needs; kernel, image and files of no package', async () => {
  const bom = await cyclonedx(before('iso'));
  const find = (name: string): CdxComponent =>
    bom.components.find((row) => row.name === name) as CdxComponent;
  expect(find('app').purl).toBe(
    'pkg:deb/debian/app@1:2.0%2Bdfsg-1~a?arch=amd64&distro=bookworm&upstream=app-src%402%3A2.0',
  );
  expect(find('tool++').purl).toBe('pkg:deb/debian/tool%2B%2B@1.0-1?arch=amd64&distro=bookworm');
  expect(find('base')).toMatchObject({
    type: 'library',
    supplier: { name: 'A Maintainer', contact: [{ name: 'A Maintainer', email: 'someone@example.org' }] },
    hashes: [{ alg: 'SHA-256', content: parseLock(committed, '').packages[0]?.sha256 }],
    licenses: [{ expression: 'GPL-2.0-or-later' }],
  });
  expect(find('libapp1').evidence).toMatchObject({
    licenses: [{ license: { text: { content: 'do as you like' } } }],
  });
  expect(find('provider').licenses).toEqual(find('libapp1').licenses); // its folder of documentation is a link to that one
  expect(find('shared').licenses).toBeUndefined();
  const needs = (ref: string): string[] => bom.dependencies.find((row) => row.ref === ref)?.dependsOn ?? [];
  expect(needs(find('app')['bom-ref'])).toEqual([find('libapp1')['bom-ref'], find('provider')['bom-ref']]);
  expect(find('/boot/synos.elf')).toMatchObject({
    type: 'operating-system',
    hashes: [{ content: expect.stringMatching(/^[0-9a-f]{64}$/) }],
  });
  expect(bom.components.filter(({ type }) => type === 'file').map(({ name }) => name)).toEqual([
    '/etc/made',
    '/usr/lib/x.pyc',
    '/var/lib/dpkg/status',
  ]);
  const image = (bom['metadata'] as { component: { 'bom-ref': string; name: string } }).component;
  expect(image.name).toBe('synos.iso');
  const roots = ['app', 'base', 'tool++', '/boot/synos.elf'].map((name) => find(name)['bom-ref']);
  expect(needs(image['bom-ref'])).toEqual(expect.arrayContaining(roots));
  expect(needs(image['bom-ref'])).not.toContain(find('libapp1')['bom-ref']);
});

test('SPDX: every name in it leads to something, and licences that are not listed come with their texts', async () => {
  const { texts, licences } = await makeSbom(before('iso'), ['spdx'], '1.0');
  const text = texts[0] ?? '';
  const bom = JSON.parse(text) as Spdx;
  expect(bom).toMatchObject({ spdxVersion: 'SPDX-2.3', dataLicense: 'CC0-1.0', SPDXID: 'SPDXRef-DOCUMENT' });
  expect(bom.creationInfo).toEqual({ created: '2023-11-14T22:13:20Z', creators: ['Tool: synos-1.0'] });
  const ids = ['SPDXRef-DOCUMENT', ...bom.packages.map(({ SPDXID }) => SPDXID)];
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^SPDXRef-[A-Za-z0-9.-]+$/);
  for (const row of bom.relationships) {
    expect(ids).toContain(row.spdxElementId);
    expect(ids).toContain(row.relatedSpdxElement);
  }
  const kept = bom.hasExtractedLicensingInfos.map(({ licenseId }) => licenseId);
  const used = bom.packages.flatMap(
    ({ licenseDeclared }) => licenseDeclared.match(/LicenseRef-[A-Za-z0-9.-]+/g) ?? [],
  );
  expect([...new Set(used)].sort()).toEqual(kept);
  for (const row of bom.packages) {
    for (const field of ['name', 'downloadLocation', 'licenseConcluded', 'licenseDeclared', 'copyrightText'])
      expect(row[field], `${row.SPDXID} ${field}`).toBeTruthy();
  }
  expect(licences).toEqual({ listed: 1, mixed: 2, text: 1, none: 2 });
});

type Spdx = {
  creationInfo: object;
  packages: ({ SPDXID: string; licenseDeclared: string } & { [field: string]: unknown })[];
  relationships: { spdxElementId: string; relatedSpdxElement: string }[];
  hasExtractedLicensingInfos: { licenseId: string }[];
};

test('the same image gives the same bills, byte for byte; another one other serial numbers', async () => {
  const both = (path: string): Promise<readonly string[]> =>
    makeSbom(path, ['cyclonedx', 'spdx'], '1.0').then(({ texts }) => texts);
  expect(await both(before('iso'))).toEqual(await both(before('iso/synos.iso')));
  const serial = async (path: string): Promise<unknown> => (await cyclonedx(path))['serialNumber'];
  expect(await serial(before('iso'))).toMatch(
    /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  expect(await serial(before('iso'))).not.toBe(await serial(now('iso')));
});

test('an ISO and a squashfs with its manifest beside it say the same of packages and files', async () => {
  const { image, bytes, parts, ...iso } = await measureImage(before('iso'));
  const { image: name, bytes: size, parts: none, ...bare } = await measureImage(before());
  expect(iso).toEqual(bare);
  expect([image, name, none]).toEqual(['synos.iso', 'synos.squashfs', []]);
  expect(bytes).toBeGreaterThan(size);
  expect(parts).toEqual([{ path: '/boot/synos.elf', size: 8 }]);
});

test('sizes: what would go with a package is what nothing else needs', async () => {
  const { packages, total, kinds, groups, folders, savings } = await measureImage(before());
  const row = (name: string): object => packages.find((one) => one.name === name) ?? {};
  // 1,000 bytes with two names are 1,000 bytes; they take half of it packed, as the test's image says.
  expect(row('base')).toMatchObject({
    installed: 1000 + dep5.length + 7,
    files: 2,
    group: 'base',
    alone: null,
  });
  // app, libapp1, provider; shared stays, for tool++ needs it.
  expect(row('app')).toMatchObject({
    isAsked: true,
    alone: { packages: 3, installed: 3500 + 9 + 2000 + dep5.length + 20 + 100 },
  });
  expect(row('tool++')).toMatchObject({ alone: { packages: 1, installed: 400 } });
  expect(row('libapp1')).toMatchObject({ isAsked: false, alone: null });
  expect(row('')).toMatchObject({ version: '', group: '' });
  expect(packages.reduce((sum, one) => sum + one.installed, 0)).toBe(total.installed);
  expect(kinds.reduce((sum, one) => sum + one.packed, 0)).toBe(total.packed);
  expect(groups.reduce((sum, one) => sum + one.packages, 0)).toBe(6);
  expect(folders).toMatchObject({ name: '/', installed: total.installed });
  expect(savings.map(({ name }) => name)).toEqual(['translations', 'Python byte code']);
  for (const rows of [packages, kinds, groups])
    expect(rows.map(({ packed }) => packed)).toEqual(rows.map(({ packed }) => packed).sort((a, b) => b - a));
});

test('differences: packages by version, files by what changed in them and who owns them', async () => {
  const { packages, files, parts, before: a, now: b } = await compareImages(before('iso'), now('iso'));
  expect(packages.map(({ name, from, to }) => [name, from, to])).toEqual([
    ['app', '1:2.0+dfsg-1~a', '1:2.1-1'],
    ['extra', null, '1.0-1'],
    ['shared', '1.0-1', null],
    ['tool++', '1.0-1', null],
  ]);
  expect(packages[0]).toMatchObject({ installed: 3500 - 3500 - 9, packed: 1750 - 1500 - 250 - 5 });
  const row = (path: string): object | undefined => files.find((one) => one.path === path);
  expect(row('/usr/bin/app')).toEqual({
    ...{ path: '/usr/bin/app', kind: 'file', package: 'app', from: 3000, to: 3500 },
    differs: ['content'],
  });
  expect(row('/usr/bin/extra')).toMatchObject({ from: null, to: 1, differs: [], package: 'extra' });
  expect(row('/usr/bin/tool')).toMatchObject({ from: 400, to: null, package: 'tool++' });
  expect(row('/etc/made')).toMatchObject({
    differs: expect.arrayContaining(['kind', 'content', 'target', 'mode']),
  });
  expect(row('/usr/bin/sh')).toBeUndefined();
  expect(parts).toEqual([]);
  expect([a.packages, b.packages]).toEqual([6, 5]);
  expect(await compareImages(before('iso'), before())).toMatchObject({ packages: [], files: [] });
});

test('an image whose texts are links out of it gives no file of this machine away', async () => {
  const out = join(folder, 'hostile');
  await mkdir(out);
  const evil = {
    'usr/share/doc/evil/copyright': '-> /etc/passwd',
    'usr/share/doc/worse': '-> ../../../../../../etc',
  };
  await makeImage(out, { packages: [{ name: 'evil', files: evil }, { name: 'worse' }] });
  const image = await openImage(out, { copyrights: true });
  expect([...image.copyrights]).toEqual([]);
});

test.each([
  [
    'a file that is no image',
    async (path: string) => writeFile(path, 'x'.repeat(100_000)),
    'neither an ISO nor',
  ],
  [
    'an ISO without a live system',
    async (path: string) => {
      await mkdir(join(folder, 'plain'));
      await writeFile(join(folder, 'plain/a'), 'x');
      await sh(
        'xorriso',
        '-as',
        'mkisofs',
        '-quiet',
        '-rational-rock',
        '-output',
        path,
        join(folder, 'plain'),
      );
    },
    'no live system',
  ],
  [
    'a squashfs without its manifest',
    async (path: string) => symlink(before('synos.squashfs'), path),
    'does not lie beside it',
  ],
])('%s is refused in words', async (_what, make, words) => {
  const path = join(folder, `bad-${words.replace(/\W/g, '')}`);
  await make(path);
  const error = (await measureImage(path).catch((caught: unknown) => caught)) as SynosError;
  expect(error.failure).toMatchObject({ code: 'artefact.invalid', reason: expect.stringContaining(words) });
});

test('what is not there is told with what would make it', async () => {
  await expect(measureImage(join(folder, 'none'))).rejects.toMatchObject({
    failure: { code: 'input.missing' },
  });
});

test('an ISO with any byte of its folders changed, or cut off anywhere, is read or refused, never more', async () => {
  const bytes = await readFile(before('iso/synos.iso'));
  const folders = bytes.indexOf('filesystem.squashfs');
  const path = join(folder, 'fuzzed');
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.nat(4095), fc.nat(255), async (cut, at, value) => {
      const changed = Buffer.from(bytes);
      const place = (cut ? 16 * 2048 : folders - 2048) + at;
      changed[place] = value;
      await writeFile(path, cut ? changed.subarray(0, 16 * 2048 + at * 16) : changed);
      await using file = await open(path, 'r');
      const read = await readIso(file).catch((error: unknown) => error);
      if (!(read instanceof IsoError))
        expect(read === undefined || Array.isArray((read as { files: unknown }).files)).toBe(true);
    }),
    { numRuns: 100 },
  );
});
