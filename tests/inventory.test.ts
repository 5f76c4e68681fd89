import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeImage } from '../iso/inventory/test-image.ts';
import { fits } from './fits.ts';
import { open } from './page-rig.ts';
import { project, type Rig } from './rig.ts';

let folder = '';
let rig: Rig;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'synos-inventory-'));
  rig = await project();
  const base = { name: 'base', fields: { Essential: 'yes' }, files: { 'usr/bin/sh': 's'.repeat(90_000) } };
  const hostile = {
    name: 'evil',
    files: { 'usr/share/\u001b[31m<img src=x onerror=alert(1)>': 'x'.repeat(60_000) },
  };
  mkdirSync(join(folder, 'a'));
  mkdirSync(join(folder, 'b'));
  await makeImage(join(folder, 'a'), { packages: [base, hostile] });
  await makeImage(join(folder, 'b'), {
    packages: [
      { ...base, fields: { Version: '2-1' } },
      { name: 'more', files: { 'usr/lib/m': 'm' } },
    ],
  });
});
afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});
const iso = (name: string): string => join(folder, name, 'iso/synos.iso');
const widest = (text: string): number => Math.max(...text.split('\n').map((line) => [...line].length));

describe('looking into an image', () => {
  it('synos size tells packages, kinds and folders, in 60 columns as in 140, and shows no control characters', async () => {
    for (const columns of [60, 140]) {
      const { exit, out, err } = await rig.synos(['size', iso('a')], { env: { COLUMNS: String(columns) } });
      expect([exit, err]).toEqual([0, '']);
      expect(out).toMatch(/^base +\S+ KiB/m);
      expect(out).toContain('synos.iso: ');
      expect(out).not.toContain('\u001b');
      expect(widest(out)).toBeLessThanOrEqual(columns);
    }
  });

  it('synos diff tells what came, went and changed; --check makes it exit 1', async () => {
    const { exit, out } = await rig.synos(['diff', iso('a'), iso('b')]);
    expect(exit).toBe(0);
    expect(out).toMatch(/^~ base +1\.0-1 -> 2-1/m);
    expect(out).toMatch(/^- evil/m);
    expect(out).toMatch(/^\+ \/usr\/lib\/m .*\[more\]/m);
    expect((await rig.synos(['diff', '--check', iso('a'), iso('b')])).exit).toBe(1);
    const same = await rig.synos(['diff', '--check', iso('a'), iso('a')]);
    expect([same.exit, same.out]).toEqual([0, expect.stringContaining('the same 2 packages')]);
  });

  it('--json is what the schemas say', async () => {
    await fits('size', (await rig.synos(['size', '--json', iso('a')])).json());
    await fits('diff', (await rig.synos(['diff', '--json', iso('a'), iso('b')])).json());
    const bills = (await rig.synos(['sbom', '--json', iso('a')])).json();
    await fits('sbom', bills);
    expect(readFileSync(join(folder, 'a/iso/synos.spdx.json'), 'utf8')).toContain('"SPDX-2.3"');
  });

  it('synos sbom sends one format to standard output', async () => {
    const { exit, out, err } = await rig.synos(['sbom', '--format', 'cyclonedx', iso('a')]);
    expect(exit).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6' });
    expect(err).toContain('2 packages');
    const both = await rig.synos(['sbom', '-o', 'x', iso('a')]);
    expect([both.exit, both.err]).toEqual([2, expect.stringContaining('--format')]);
  });

  it('without an image it says how one is made', async () => {
    const { exit, err } = await rig.synos(['size']);
    expect([exit === 0, err]).toEqual([false, expect.stringContaining('synos build iso')]);
  });

  it('the page has a map for keys and pointer, runs nothing of the image, and asks for nothing', async () => {
    const file = join(folder, 'size.html');
    expect((await rig.synos(['size', '--html', file, iso('a')])).exit).toBe(0);
    for (const width of [390, 1280]) {
      await using opened = await open(file, { viewport: { width, height: 900 } });
      const { page, complaints } = opened;
      const map = page.locator('[data-map] svg');
      await map.focus();
      expect(await map.getAttribute('role')).toBe('tree');
      const at = async (): Promise<string | null> =>
        page.locator('[data-map] .at').getAttribute('aria-label');
      expect(await at()).toContain('synos.iso: ');
      await page.keyboard.press('ArrowDown');
      expect(await at()).toContain('of no package');
      await page.keyboard.press('Enter');
      await page.keyboard.press('ArrowDown');
      expect(await at()).toMatch(/base|evil/);
      await page.keyboard.press('Escape');
      await page.locator('[data-map] select').selectOption('folders');
      expect(await at()).toMatch(/^\/: /);
      expect(complaints).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    }
  });
});
