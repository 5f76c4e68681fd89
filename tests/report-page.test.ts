// The report page in a real browser, opened from disk: at every width and in both colour schemes, with keys alone, without script,
// on paper, and with text from a guest that tries to get out.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../core/digest.ts';
import { samplePng } from '../core/sample-png.ts';
import { renderReport, writeReport } from '../orchestrator/results/report.ts';
import type { StoredRun } from '../orchestrator/results/run.ts';
import { type SampleOptions, sampleRun } from '../orchestrator/results/sample-run.ts';
import { traceRecords } from '../orchestrator/results/sample-traces.ts';
import { picturesOf } from '../orchestrator/results/screens.ts';
import { openStore } from '../orchestrator/results/store.ts';

const folder = mkdtempSync(join(tmpdir(), 'synos-page-'));
let browser: Browser;
beforeAll(async () => {
  const quiet = [
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
  ];
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', ...quiet];
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args });
});
afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});

/** Stores some runs and writes the page of the last one, as `synos boot` does. */
async function pageFile(name: string, options: readonly SampleOptions[]): Promise<string> {
  const store = await openStore(join(folder, `${name}.sqlite`));
  const runs = options.map((one, n) => sampleRun({ at: new Date(Date.UTC(2026, 10, 1 + n)), ...one }));
  for (const run of runs) store.addRun(run);
  const run = runs.at(-1) as StoredRun;
  const path = join(folder, `${name}.html`);
  writeReport(path, renderReport({ run, earlier: store.earlierBoots(run), trends: store.trends(run) }));
  store.close();
  return path;
}

type Opened = { page: Page; complaints: string[]; asked: string[] } & AsyncDisposable;

async function open(path: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  const asked: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => void dialog.dismiss().then(() => complaints.push('a dialog')));
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(pathToFileURL(path).href);
  if (options.javaScriptEnabled !== false) await page.locator('[data-ready]').waitFor({ state: 'attached' });
  return { page, complaints, asked, [Symbol.asyncDispose]: () => context.close() };
}

const three: SampleOptions[] = [
  { exact: true, poolFactor: 1.25 },
  { exact: true, poolFactor: 1.25 },
  { exact: true },
];

describe('the page from disk', () => {
  it.each(['light', 'dark'] as const)(
    'fits 320, 768 and 1920 pixels in the %s scheme, asks for nothing and complains of nothing',
    async (colorScheme) => {
      const path = await pageFile(`fits-${colorScheme}`, [{ seed: 1 }, { seed: 2 }]);
      for (const width of [320, 768, 1920]) {
        await using opened = await open(path, { viewport: { width, height: 900 }, colorScheme });
        await opened.page.locator('#chosen-trend canvas').waitFor();
        expect(await opened.page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
        // Nothing sticks out of a card, either: a table wider than its card is cut on a phone.
        const wide = `[...document.querySelectorAll('.card')].filter((card) => card.scrollWidth > card.clientWidth + 1).length`;
        expect(await opened.page.evaluate(wide)).toBe(0);
        expect(opened.asked).toEqual([pathToFileURL(path).href]);
        expect(opened.complaints).toEqual([]);
      }
    },
  );

  it.each(['light', 'dark'] as const)(
    'shows a screen as wide as there is room, in the %s scheme',
    async (colorScheme) => {
      const data = samplePng(1024, 768);
      const screen = { path: 'direct.png', digest: digestOf(data) };
      writeFileSync(join(folder, screen.path), data);
      const run = sampleRun({ machines: ['direct'], boot: { screen } });
      const path = join(folder, `screen-${colorScheme}.html`);
      writeReport(path, renderReport({ run, pictures: picturesOf(run, folder, 0) }));
      for (const width of [390, 1920]) {
        await using opened = await open(path, { viewport: { width, height: 900 }, colorScheme });
        const image = opened.page.getByRole('img', { name: /What direct showed on its screen at the end/ });
        expect(await image.evaluate((one) => (one as unknown as { naturalWidth: number }).naturalWidth)).toBe(
          1024,
        );
        const box = await image.boundingBox();
        expect(box?.width).toBeLessThanOrEqual(width);
        expect((box?.width ?? 0) / (box?.height ?? 1)).toBeCloseTo(4 / 3, 1);
        expect(await opened.page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
        expect(opened.complaints).toEqual([]);
      }
    },
  );

  it('draws each trace, with live bytes and every allocator in its legend, at every width', async () => {
    const records = [...traceRecords('rec.tensor'), ...traceRecords('all-together')];
    const path = await pageFile('traces', [{ exact: true, machines: ['direct'], boot: { records } }]);
    for (const width of [390, 1280]) {
      await using opened = await open(path, { viewport: { width, height: 900 } });
      const { page } = opened;
      await page.locator('.trace-chart canvas').nth(1).waitFor();
      expect(await page.locator('.trace-chart canvas').count()).toBe(2);
      const legend = page.locator('.trace-chart').first().locator('.u-legend');
      expect(await legend.textContent()).toMatch(/live.*kmalloc.*293 KiB.*tlsf/);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      expect(opened.complaints).toEqual([]);
    }
  });

  it('has readable contrast for every text on it, in both schemes', async () => {
    const path = await pageFile('contrast', [
      { seed: 1, run: { exit: 1 }, boot: { tests: { passed: 1, failed: 1, skipped: 0, failures: ['a'] } } },
    ]);
    for (const colorScheme of ['light', 'dark'] as const) {
      await using opened = await open(path, { colorScheme });
      expect(await opened.page.evaluate(faintTexts)).toEqual([]);
    }
  });

  it('shows verdict first, then pool v heap with the ratio', async () => {
    await using opened = await open(await pageFile('order', three));
    const { page } = opened;
    expect(await page.locator('header.top').innerText()).toMatch(
      /^✓ Passed\s+exit code 33 after the end record/i,
    );
    const table = page.getByRole('table', { name: /^pair/ }).first();
    expect(await table.getByRole('row').nth(2).innerText()).toMatch(/heap\s+171\s+3\.56×/);
    expect(await page.locator('.figures').innerText()).toContain('40 exact changes');
  });
});

describe('the list of metrics', () => {
  it('is walked, unfolded, and a metric chosen and followed over the runs with keys alone, told in words', async () => {
    await using opened = await open(await pageFile('keys', three));
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
    await using opened = await open(await pageFile('search', [{ seed: 1 }, { seed: 2 }]));
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
      'this run (16),the run before (16)',
    );
    const pixels = 'document.querySelector("#chosen-trend canvas").toDataURL()';
    const light = await page.evaluate(pixels);
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect.poll(() => page.evaluate(pixels)).not.toBe(light);
    expect(complaints).toEqual([]);
  });
});

describe('without everything', () => {
  it('shows all figures without script, and says that trends need it', async () => {
    await using opened = await open(await pageFile('noscript', three), { javaScriptEnabled: false });
    const { page } = opened;
    expect(await page.locator('.bars td rect').count()).toBeGreaterThan(100);
    expect(await page.locator('#metric-list tbody th:not([scope]):visible').count()).toBe(209);
    expect(await page.locator('noscript').innerText()).toContain('does not run here');
    expect(await page.locator('#chosen').isVisible()).toBe(false);
  });

  it('is named, structured and reachable for a screen reader', async () => {
    await using opened = await open(await pageFile('names', three));
    const { page } = opened;
    expect(await page.title()).toMatch(/^Passed: SynOS run \d{8}-/);
    expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1);
    for (const name of [
      'Pool v heap',
      'Since the run before',
      'Metrics, trends and distributions',
      'Boots',
      'Provenance',
    ]) {
      expect(await page.getByRole('region', { name, exact: true }).count(), name).toBe(1);
    }
    const nameless = `[...document.querySelectorAll('table')].filter((table) => !table.caption && !table.closest('[aria-label]')).length`;
    expect(await page.evaluate(nameless)).toBe(0);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(new URL(page.url()).hash).toBe('#main');
  });

  it('unfolds all of itself for paper', async () => {
    await using opened = await open(await pageFile('paper', three));
    const { page } = opened;
    await page.evaluate('dispatchEvent(new Event("beforeprint"))');
    expect(await page.locator('details:not([open])').count()).toBe(0);
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('#metric-list tbody th:not([scope]):visible').count()).toBe(209);
    expect((await page.pdf({ format: 'A4' })).length).toBeGreaterThan(50_000);
  });
});

describe('a guest that tries to get out', () => {
  it('runs no script, adds no element and reaches no address', async () => {
    const text = `</script><img src=x onerror="alert(1)"><script>alert(1)</script><a href="javascript:alert(1)">`;
    const first = sampleRun({ machines: ['direct'] }).boots[0];
    const records =
      first?.records.slice(0, 10).map((record) => ({ ...record, name: text, suite: text })) ?? [];
    const boot = { records, reason: text, evidence: [text], tail: [text], refused: [text] };
    const options = { machines: [text], boot, run: { exit: 1 } };
    const path = await pageFile('hostile', [options, options]);
    await using opened = await open(path);
    await opened.page.locator('#chosen-trend canvas').waitFor();
    expect(await opened.page.locator('img, a[href^="javascript"], body script').count()).toBe(2);
    expect(await opened.page.locator('pre').first().textContent()).toContain('<img src=x');
    expect(opened.asked).toEqual([pathToFileURL(path).href]);
    expect(opened.complaints).toEqual([]);
  });

  it('could not run a script even if one got onto the page', async () => {
    await using opened = await open(await pageFile('policy', [{}]));
    await opened.page.evaluate(`{
      const script = document.createElement('script');
      script.textContent = 'window.owned = true';
      document.body.append(script);
      document.body.insertAdjacentHTML('beforeend', '<img src="https://example.invalid/x.png" onerror="window.owned = true">');
      fetch('https://example.invalid/').catch(() => {});
    }`);
    await expect.poll(() => opened.complaints.length).toBeGreaterThanOrEqual(3);
    expect(await opened.page.evaluate('window.owned')).toBeUndefined();
    expect(opened.complaints.join()).toMatch(/Content Security Policy/);
  });
});

// WCAG 2.2, 1.4.3: 4.5 to 1 between a text and what is behind it. Runs in the page.
const faintTexts = `(() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = parts(colour).map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (parts(colour)[3] !== 0) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  for (const one of document.querySelectorAll('details')) one.open = true;
  const faint = new Set();
  for (const element of document.querySelectorAll('body *:not(svg, svg *, script, noscript, option, optgroup)')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
    if (!own || !element.checkVisibility()) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) faint.add(element.tagName + '.' + element.className + ' ' + ratio.toFixed(2));
  }
  return [...faint];
})()`;
