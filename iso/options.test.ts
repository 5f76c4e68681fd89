import { expect, test } from 'vitest';
import { isoOptions } from './options.ts';

const accepts = (value: object): boolean => isoOptions.safeParse(value).success;

test('no configuration at all is a whole one, with about 60 names', () => {
  const options = isoOptions.parse({});
  const names = Object.values(options.packages).flat();
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThan(50);
  expect(names.length).toBeLessThan(70);
});

test('every field says in a sentence what it is', () => {
  for (const [name, field] of Object.entries(isoOptions.shape))
    expect(field.description, name).toMatch(/^[A-Z].+\.$/);
});

test.each([
  '-oAPT::Pre-Invoke=id',
  '--help',
  'A',
  'x',
  'nmap;id',
  'nmap\n',
  '../x',
  'nmap/bookworm',
  'nmap=1',
  '',
])('the package name %j never reaches apt', (name) => {
  expect(accepts({ packages: { system: [name] } })).toBe(false);
});

test.each(['nmap', 'g++', 'libc6', 'python3.11', '0ad', 'libstdc++6'])('%j is a package name', (name) => {
  expect(accepts({ packages: { system: [name] } })).toBe(true);
});

test.each([
  'file:///etc',
  'http://user:pass@host/debian',
  'http://host/debian/',
  'http://host/../x',
  'http://host/debian?x=1',
  'http://host/a b',
  'ftp://host/debian',
  'http://-host/debian',
])('the mirror %j is refused', (url) => {
  expect(accepts({ mirror: [url] })).toBe(false);
});

test.each([
  { volume: 'synos' },
  { volume: 'A'.repeat(33) },
  { commandLine: 'a\nmenuentry x {' },
  { commandLine: '$(id)' },
  { commandLine: '; reboot' },
  { lock: '../../etc/passwd' },
  { keyring: 'relative.gpg' },
  { compression: 23 },
  { timestamp: -1 },
  { unknown: 1 },
])('%j is refused', (value) => {
  expect(accepts(value)).toBe(false);
});
