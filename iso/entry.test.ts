import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkEntry, EntryError, usrMerged } from './entry.ts';
import { entryOf, type RawEntry } from './test-debs.ts';

const check = (raw: RawEntry): ReturnType<typeof checkEntry> => checkEntry(entryOf(raw));

test.each([
  '../etc/passwd',
  './../x',
  './a/../../x',
  './a/..',
  '/etc/passwd',
  './/etc/passwd',
  './a//b',
  './a/./b',
  './.',
  './a\u0000b',
  './a\nb',
  './a\u001b[2Jb',
  './a\u007fb',
  './a\u009bb',
  `./${'x'.repeat(256)}`,
  `./${'x/'.repeat(65)}y`,
  `./${'xxxxxxx/'.repeat(600)}y`,
])('the name %j is refused', (name) => {
  if (name === './.') expect(check({ name: './', kind: 'dir' }).place).toBe('');
  expect(() => check({ name })).toThrow(EntryError);
});

test.each(['/etc/passwd', '../x', './a/../b', 'a\nb', ''])('a hard link to %j is refused', (link) => {
  expect(() => check({ name: './h', kind: 'hardlink', link: link || './a/../x' })).toThrow(EntryError);
});

test.each(['a\nb', '\u001b]0;x\u0007', '', 'x'.repeat(5000)])('a symlink to %j is refused', (link) => {
  expect(() => check({ name: './l', kind: 'symlink', link })).toThrow(EntryError);
});

test('a symlink may say any path, since nothing follows it while the tree is made', () => {
  expect(check({ name: './l', kind: 'symlink', link: '../../../../etc/passwd' }).link).toBe(
    '../../../../etc/passwd',
  );
});

test.each(['char', 'block', 'fifo'] as const)('a %s is taken in /dev only', (kind) => {
  expect(check({ name: './dev/x', kind }).place).toBe('dev/x');
  for (const name of ['./x', './usr/dev/x', './devx', './dev'])
    expect(() => check({ name, kind })).toThrow('a device outside of /dev');
});

test('setuid and sticky bits stay as they are shipped; more bits than a mode has are refused', () => {
  expect(check({ name: './usr/bin/su', mode: 0o4755 }).mode).toBe(0o4755);
  expect(check({ name: './tmp/', mode: 0o1777 }).mode).toBe(0o1777);
  expect(() => check({ name: './x', mode: 0o104755 })).toThrow('a mode out of range');
});

test('/bin, /sbin and /lib* are places in /usr, and dpkg still lists what was shipped', () => {
  expect(check({ name: './bin/ls' })).toMatchObject({ shipped: 'bin/ls', place: 'usr/bin/ls' });
  expect(check({ name: './h', kind: 'hardlink', link: './lib/x' }).link).toBe('usr/lib/x');
  expect(usrMerged('lib64')).toBe('usr/lib64');
  expect(usrMerged('library/x')).toBe('library/x');
  expect(usrMerged('opt/bin/x')).toBe('opt/bin/x');
});

test('the link that a later base-files brings for /bin is the folder that is there already', () => {
  expect(check({ name: './bin', kind: 'symlink', link: 'usr/bin' })).toMatchObject({
    kind: 'dir',
    place: 'usr/bin',
  });
  expect(check({ name: './bin', kind: 'symlink', link: '/tmp' }).kind).toBe('symlink');
});

test('whatever name is given, an accepted one stays inside and in normal form', () => {
  const part = fc.constantFrom('..', '.', '', 'a', 'usr', 'bin', 'é', 'x y', '\n', '/');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), fc.boolean(), (parts, dot) => {
      const name = (dot ? './' : '') + parts.join('/');
      try {
        const { place } = check({ name, kind: 'dir' });
        expect(place.split('/').every((each) => each !== '..' && each !== '.')).toBe(true);
        expect(place.startsWith('/')).toBe(false);
        expect(place).not.toContain('//');
      } catch (error) {
        expect(error).toBeInstanceOf(EntryError);
      }
    }),
    { numRuns: 2000 },
  );
});
