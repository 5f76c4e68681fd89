// The remembered configuration is the resolved one, and only for the very same layers.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { resolvedConfig } from './remembered.ts';

let tree = '';
beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'synos-remembered-'));
  for (const folder of ['cache', 'user']) mkdirSync(join(tree, folder));
  writeFileSync(join(tree, 'synos.yaml'), 'kernel: { profile: debug }\n');
});
afterEach(() => rmSync(tree, { recursive: true, force: true }));

const own = (): string => join(tree, 'cache', 'config.json');
const users = (): string => join(tree, 'user', 'config.json');
const resolve = (set: string[] = []) =>
  resolvedConfig({ directory: tree, environment: {}, set }, () => [own(), users()]);
// What is remembered, but for one field: whoever reads it from there is told apart from whoever resolves it.
function mark(place: string): void {
  writeFileSync(place, readFileSync(place, 'utf8').replace('"compiler":"gcc"', '"compiler":"clang"'));
}

it('is read from the project, and from the user where the project has none', async () => {
  const { config } = await resolve();
  expect(config.kernel).toMatchObject({ profile: 'debug', compiler: 'gcc' });
  mark(own());
  expect((await resolve()).config.kernel).toMatchObject({ compiler: 'clang' });
  rmSync(own());
  expect((await resolve()).config.kernel).toMatchObject({ compiler: 'gcc' });
  mark(users());
  rmSync(own());
  expect((await resolve()).config.kernel).toMatchObject({ compiler: 'clang' });
  expect(readFileSync(own(), 'utf8')).toBe(readFileSync(users(), 'utf8'));
});

it('is resolved anew when a layer changed, or what is there is torn', async () => {
  await resolve();
  mark(own());
  expect((await resolve(['kernel.profile=release'])).config.kernel).toMatchObject({
    profile: 'release',
    compiler: 'gcc',
  });
  for (const place of [own(), users()]) writeFileSync(place, '{"key":');
  expect((await resolve()).config.kernel).toMatchObject({ compiler: 'gcc' });
  writeFileSync(join(tree, 'synos.yaml'), 'kernel: { profile: release }\n');
  expect((await resolve()).config.kernel).toMatchObject({ profile: 'release' });
});

it('is not kept where there is no cache yet', async () => {
  rmSync(join(tree, 'cache'), { recursive: true });
  await resolve();
  expect(existsSync(own())).toBe(false);
  expect(existsSync(users())).toBe(true);
});
