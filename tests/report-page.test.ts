// The report page in a real browser, opened from disk: at every width and in both colour schemes, without script, on paper, to a screen
// reader, and with text from a guest that tries to get out.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../core/digest.ts';
import { samplePng } from '../core/sample-png.ts';
import { compareRuns } from '../orchestrator/results/comparison.ts';
import { defaultRules } from '../orchestrator/results/judge.ts';
import { makeGate } from '../orchestrator/results/report/gate.ts';
import { renderReport, writeReport } from '../orchestrator/results/report.ts';
import { sampleRun } from '../orchestrator/results/sample-run.ts';
import { traceRecords } from '../orchestrator/results/sample-traces.ts';
import { picturesOf } from '../orchestrator/results/screens.ts';
import { folder, open, pageFile, three } from './page-rig.ts';

describe('the page from disk', () => {
  it.each(['light', 'dark'] as const)(
    'fits 320, 768 and 1920 pixels in the %s scheme, asks for nothing and complains of nothing',
    async (colorScheme) => {
      const path = await pageFile('two', [{ seed: 1 }, { seed: 2 }]);
      await using opened = await open(path, { colorScheme });
      await opened.page.locator('#chosen-trend canvas').waitFor();
      for (const width of [320, 768, 1920]) {
        await opened.page.setViewportSize({ width, height: 900 });
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
      await using opened = await open(path, { colorScheme });
      for (const width of [390, 1920]) {
        await opened.page.setViewportSize({ width, height: 900 });
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
    await using opened = await open(await pageFile('three', three));
    const { page } = opened;
    expect(await page.locator('header.top').innerText()).toMatch(
      /^✓ Passed\s+exit code 33 after the end record/i,
    );
    const table = page.getByRole('table', { name: /^pair/ }).first();
    expect(await table.getByRole('row').nth(2).innerText()).toMatch(/heap\s+171\s+3\.56×/);
    expect(await page.locator('.figures').innerText()).toContain('40 exact changes');
    expect(await page.locator('.news li').first().innerText()).toMatch(
      /^alloc \w+ latency, pool, .* → .* \(−20 %\)/,
    );
    await page.locator('.news a').first().press('Enter');
    expect(await page.locator('#chosen-h').innerText()).toBe(
      await page.locator('.news a').first().innerText(),
    );
  });

  it('shows the verdicts of a comparison right behind how the run ended, worst first', async () => {
    const runWith = (factor: number) => {
      const boots = [1, 2, 3, 4, 5, 6, 7, 8].flatMap(
        (seed) => sampleRun({ machines: ['direct'], seed, poolFactor: factor }).boots,
      );
      const few = boots.map((boot) => ({ ...boot, records: boot.records.slice(0, 40) }));
      return sampleRun({ run: { boots: few } });
    };
    const [before, run] = [runWith(1), runWith(1.5)];
    const gate = makeGate(compareRuns([before], [run], defaultRules), 'synos bench --against main');
    const path = join(folder, 'gate.html');
    writeReport(path, renderReport({ run, gate, against: [before] }));
    await using opened = await open(path);
    const { page } = opened;
    expect(await page.locator('.news').innerText()).toMatch(/^Against 0218c76d3f0c: 40 metrics: 8 slower, /);
    expect(await page.locator('main > section').first().getAttribute('id')).toBe('gate');
    expect(await page.locator('#gate tbody tr').first().innerText()).toMatch(/pool.*1\.\d+×.*slower$/s);
    expect(await page.locator('#gate .cmd').innerText()).toContain('synos bench --against main');
    expect(await page.locator('#chosen-spread h4').allInnerTexts()).toEqual([
      'Boots of both sides',
      'Samples within a boot',
    ]);
    expect(await page.locator('article.boot').count()).toBe(1);
    expect(opened.complaints).toEqual([]);
  });
});

describe('without everything', () => {
  it('shows all figures without script, and says that trends need it', async () => {
    await using opened = await open(await pageFile('three', three), { javaScriptEnabled: false });
    const { page } = opened;
    expect(await page.locator('.bars td rect').count()).toBeGreaterThan(100);
    expect(await page.locator('#metric-list tbody th:not([scope]):visible').count()).toBe(209);
    expect(await page.locator('noscript').innerText()).toContain('does not run here');
    expect(await page.locator('#chosen').isVisible()).toBe(false);
  });

  it('is named, structured and reachable for a screen reader and by the Tab key, from end to end', async () => {
    await using opened = await open(await pageFile('three', three));
    const { page } = opened;
    expect(await page.title()).toMatch(/^Passed: SynOS run \d{8}-/);
    const sections = [
      'Pool v heap',
      'Since the run before',
      'Metrics, trends and distributions',
      'Boots',
      'Provenance',
    ];
    for (const name of sections)
      expect(await page.getByRole('region', { name, exact: true }).count(), name).toBe(1);
    expect(await page.evaluate(defects)).toEqual([]);
    // Every stop shows that it has the focus, and after the last the page lets go of it.
    const stops: string[] = [];
    for (let stop = 0; stop < 150; stop++) {
      await page.keyboard.press('Tab');
      const at = (await page.evaluate(focused)) as string;
      if (at === 'BODY') break;
      stops.push(at);
    }
    expect(stops.filter((at) => at.includes('unseen'))).toEqual([]);
    expect(stops.at(0)).toMatch(/^A.skip/);
    expect(stops.length).toBeLessThan(120);
    expect(stops.filter((at) => at.startsWith('TR'))).toHaveLength(1);
    await page.locator('.skip').press('Enter');
    expect(new URL(page.url()).hash).toBe('#main');
  });

  it('unfolds all of itself for paper', async () => {
    await using opened = await open(await pageFile('three', three));
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

const focused = `(() => {
  const one = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(one);
  const seen = one === document.body || (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1);
  return one.tagName + (one.className ? '.' + one.className : '') + (seen ? '' : ' unseen');
})()`;

// What tools look for: names, references, unique ids, levels of headings, tables' captions, regions that scroll but take no focus.
const defects = `(() => {
  const found = [];
  const text = (one) => one.textContent.trim();
  const byIds = (ids) => ids.split(' ').map((id) => document.getElementById(id));
  const nameOf = (one) => one.getAttribute('aria-label') || (one.getAttribute('aria-labelledby') && byIds(one.getAttribute('aria-labelledby')).map((other) => other && text(other)).join(' ')) ||
    one.getAttribute('alt') || one.title || (one.labels?.[0] && text(one.labels[0])) || (one.caption && text(one.caption)) || '';
  const own = (one) => nameOf(one) || text(one);
  const bad = (what, one) => found.push(what + ': ' + one.outerHTML.slice(0, 120));
  for (const one of document.querySelectorAll('button, a[href], summary, [role=button]')) if (!own(one)) bad('no name', one);
  for (const one of document.querySelectorAll('input, img, table:not(.u-legend), nav, section, [role=region], [role=img], [role=tree], [role=treegrid]'))
    if (!nameOf(one) && !one.closest('.scroll[aria-label]')) bad('no name', one);
  for (const name of ['aria-labelledby', 'aria-describedby', 'aria-controls', 'aria-activedescendant'])
    for (const one of document.querySelectorAll('[' + name + ']')) if (byIds(one.getAttribute(name)).includes(null)) bad('points nowhere', one);
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.push('twice: ' + id);
  for (const one of document.querySelectorAll('[tabindex]')) if (one.tabIndex > 0) bad('order of its own', one);
  let level = 0;
  for (const one of document.querySelectorAll('h1, h2, h3, h4')) {
    if (!one.checkVisibility()) continue;
    if (Number(one.tagName[1]) > level + 1) bad('skips a level', one);
    level = Number(one.tagName[1]);
  }
  for (const one of document.querySelectorAll('.scroll, pre')) if (one.tabIndex < 0 && !one.querySelector('[tabindex="0"]')) bad('scrolls without a key', one);
  for (const one of document.querySelectorAll('[aria-hidden=true] [tabindex], [aria-hidden=true] a')) bad('hidden but reachable', one);
  for (const tag of ['main', 'header', 'nav', 'footer', 'h1']) if (document.querySelectorAll(tag).length !== 1) found.push('not one ' + tag);
  if (!document.documentElement.lang) found.push('no language');
  return found;
})()`;
