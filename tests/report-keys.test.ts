// What the page's script adds, with keys alone, in a real browser: the list of metrics with trends and distributions, and flame graphs.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../core/digest.ts';
import type { Profile } from '../core/profile.ts';
import { coverageSection } from '../orchestrator/results/report/coverage.ts';
import { type ProfilePart, profilePart } from '../orchestrator/results/report/profile.ts';
import { renderReport, writeReport } from '../orchestrator/results/report.ts';
import type { StoredRun } from '../orchestrator/results/run.ts';
import { sampleRun } from '../orchestrator/results/sample-run.ts';
import { folder, open, pageFile, three } from './page-rig.ts';

describe('the list of metrics', () => {
  it('is walked, unfolded, and a metric chosen and followed over the runs with keys alone, told in words', async () => {
    await using opened = await open(await pageFile('three', three));
    const { page, complaints } = opened;
    const row = page.locator('#metric-list tr:focus');
    // What changed most stands beside the list from the start.
    expect(await page.locator('#chosen-h').innerText()).toMatch(/^alloc \w+ latency, pool/);
    await page.getByRole('searchbox').focus();
    await page.keyboard.press('Tab'); // past the columns' names, which sort
    for (let name = 0; name < 5; name++) await page.keyboard.press('Tab');
    expect(await row.count()).toBe(1);
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowLeft');
    expect(await row.getAttribute('aria-expanded')).toBe('false');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    expect(await row.innerText()).toMatch(/^alloc lifo latency/);
    await page.keyboard.press('ArrowRight');
    expect(await row.innerText()).toMatch(/^pool, 64 B\s+64\s+−20 %/);
    await page.keyboard.press('Enter');
    expect(await row.getAttribute('aria-selected')).toBe('true');
    expect(await page.locator('#chosen-h').innerText()).toBe('alloc lifo latency, pool, 64 B');
    expect(await page.locator('#chosen-say').innerText()).toContain(
      '3 runs, 64 to 80 instructions; 1 change.',
    );
    expect(await page.locator('.changed li').allInnerTexts()).toEqual([
      expect.stringMatching(/^a 80 → 64 \(−20 %\), 2026-11-03 00:00 UTC, commit 0218c76d3f, run 20261103-/),
    ]);
    await page.locator('#chosen-trend .plot').focus();
    await page.keyboard.press('ArrowLeft');
    expect(await page.locator('#chosen-trend > [aria-live]').innerText()).toMatch(/^2026-11-03 .*: 64 instr/);
    await page.keyboard.press('Home');
    expect(await page.locator('#chosen-trend > [aria-live]').innerText()).toMatch(/^2026-11-01 .*: 80 instr/);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab'); // the line's name in the legend
    await page.keyboard.press('Space');
    expect(await page.locator('#chosen-trend .u-legend tr').count()).toBe(1 + 5);
    expect(complaints).toEqual([]);
  });

  it('is searched and sorted, and says how many are left', async () => {
    await using opened = await open(await pageFile('two', [{ seed: 1 }, { seed: 2 }]));
    const { page } = opened;
    const rows = page.locator('#metric-list tr:has(th:not([scope])):visible');
    await page.getByRole('searchbox').fill('pair pool 4 KiB direct');
    expect(await rows.allInnerTexts()).toEqual([expect.stringMatching(/^pool, 4 KiB/)]);
    expect(await page.locator('#metrics .filter [aria-live]').innerText()).toBe('1 of 418');
    await page.getByRole('searchbox').fill('');
    await page.getByRole('button', { name: /^spread/ }).press('Enter');
    expect(await page.getByRole('columnheader', { name: /^spread/ }).getAttribute('aria-sort')).toBe(
      'descending',
    );
    const spreads = (await rows.locator('td:nth-of-type(3)').allInnerTexts()).map(Number.parseFloat);
    expect(spreads).toHaveLength(418);
    expect(spreads.slice(0, 400)).toEqual([...spreads.slice(0, 400)].sort((a, b) => b - a));
    expect(await rows.first().innerText()).toMatch(/^(direct|iso): alloc/);
    await page.getByRole('button', { name: /^spread/ }).press('Enter');
    await page.getByRole('button', { name: /^spread/ }).press('Enter');
    expect(await page.locator('#metric-list [aria-sort]').count()).toBe(0);
    expect(await page.locator('#metric-list tbody').first().locator('th:not([scope])').count()).toBe(40);
  });

  it('shows samples and trend as tables, too, and is redrawn when the scheme changes', async () => {
    await using opened = await open(
      await pageFile('table', [
        { seed: 1, machines: ['direct'] },
        { seed: 2, machines: ['direct'] },
      ]),
    );
    const { page, complaints } = opened;
    await page.getByText('The same as a table').first().click();
    expect(await page.locator('#chosen-trend .list tbody tr').count()).toBe(2);
    await page.getByText('The same as a table').nth(1).click();
    expect((await page.locator('#chosen-spread .list td:first-child').allInnerTexts()).join()).toBe(
      'this run (16),the run before, 0218c76d3f (16)',
    );
    const pixels = 'document.querySelector("#chosen-trend canvas").toDataURL()';
    const light = await page.evaluate(pixels);
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect.poll(() => page.evaluate(pixels)).not.toBe(light);
    expect(complaints).toEqual([]);
  });
});

describe('a flame graph', () => {
  const node = (at: number, parent: number, self: number) => ({ function: at, parent, self, calls: 2 });
  const profileOf = (crc: number): Profile => ({
    schema: 'synos.profile/1',
    machine: 'direct',
    unit: 'instructions',
    total: 100 + crc,
    functions: ['start', 'bench<b>', 'crc32', 'idle'].map((name) => ({ name, file: null, line: null })),
    nodes: [node(-1, -1, 0), node(0, 0, 10), node(1, 1, 20), node(2, 2, crc), node(3, 1, 70)],
    notes: ['time is not seen'],
  });

  it('is walked, zoomed and searched with keys, tells counts and shares, and what came since the run before', async () => {
    const runs = [300, 400].map((crc, n) => {
      const path = `profile-${n}.json`;
      const text = JSON.stringify(profileOf(crc));
      writeFileSync(join(folder, path), text);
      return sampleRun({
        exact: true,
        machines: ['direct'],
        boot: { profile: { path, digest: digestOf(text) } },
      });
    });
    const [before, run] = runs as [StoredRun, StoredRun];
    const earlier = [{ run: before, boot: before.boots[0] as StoredRun['boots'][number] }];
    const path = join(folder, 'flame.html');
    const profile = profilePart(run, earlier, folder) as ProfilePart;
    writeReport(path, renderReport({ run, earlier, profile }));
    await using opened = await open(path, { viewport: { width: 320, height: 800 } });
    const { page, complaints } = opened;
    const said = page.locator('.flame-say');
    const tree = page.getByRole('tree');
    await tree.focus();
    for (const key of ['ArrowDown', 'ArrowDown']) await page.keyboard.press(key);
    expect(await said.textContent()).toBe(
      'bench<b>: 420 instructions, 84.00 % of all, 84.00 % of start; 20 of its own; 2 calls; 320 before (+100)',
    );
    await page.keyboard.press('ArrowRight');
    expect(await said.textContent()).toMatch(/^idle: 70 instructions, 14.00 % .*; 70 before \(0\)$/);
    await page.keyboard.press('ArrowLeft');
    const width = async () =>
      (await tree.getByRole('treeitem', { name: /^crc32/ }).boundingBox())?.width ?? 0;
    const narrow = await width();
    await page.keyboard.press('Enter');
    expect(await width()).toBeGreaterThan(narrow * 1.1);
    expect(await tree.getAttribute('aria-activedescendant')).toBe('flame-0-2');
    await page.keyboard.press('Escape');
    expect(await width()).toBe(narrow);
    expect(await tree.getByRole('treeitem', { name: /^crc32/ }).getAttribute('class')).toBe('more2');
    await page.getByLabel('Find functions').fill('CRC');
    expect(await page.locator('#profile .filter [aria-live]').textContent()).toBe(
      '1 frames, 80.00 % of the instructions',
    );
    await page.getByText('Functions, most instructions').click();
    expect(await page.locator('#profile tbody tr').first().innerText()).toMatch(/^crc32\s+400\s+80.0/);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
    expect(complaints).toEqual([]);
    // A profile that another run has replaced since is not this one's.
    writeFileSync(join(folder, 'profile-1.json'), JSON.stringify(profileOf(1)));
    expect(profilePart(run, earlier, folder)).toBeUndefined();
  });
});

describe('coverage', () => {
  it('unfolds by keys on a phone from a folder to the lines that never ran, and runs no markup of a path', async () => {
    const path = join(folder, 'coverage.html');
    const files = [
      {
        path: 'mm/<b>pool.c',
        lines: [1, 2, 3, 4].map((line) => [line, line === 1 ? 7 : 0] as const),
        functions: [{ name: 'pool<i>', line: 1, count: 0 }],
      },
    ];
    const coverage = coverageSection({ schema: 'synos.coverage/1', machine: 'direct', files, notes: [] });
    writeReport(path, renderReport({ run: sampleRun({ exact: true }), coverage }));
    await using opened = await open(path, { viewport: { width: 320, height: 640 }, colorScheme: 'dark' });
    const { page, complaints } = opened;
    for (const name of [/mm\//, /3 lines never ran/]) {
      await page.locator('#coverage summary').filter({ hasText: name }).focus();
      await page.keyboard.press('Enter');
    }
    const row = page.locator('#coverage tbody tr');
    expect(await row.innerText()).toMatch(/^<b>pool\.c\s+3 lines never ran\s+2-4\s+never entered: pool<i>/);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
    expect(complaints).toEqual([]);
  });
});
