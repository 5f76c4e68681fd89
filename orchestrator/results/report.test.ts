import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type AssetName, assetText, pageAssets } from './assets.ts';
import { html, jsonForScript } from './report/html.ts';
import { axis, logScale, position } from './report/scale.ts';
import { renderReport, writeReport } from './report.ts';
import type { StoredRun } from './run.ts';
import { sampleRun } from './sample-run.ts';
import type { Trend } from './store.ts';

// What a guest would print to get out of its place on the page.
const hostile = [
  '<script>alert(1)</script>',
  '</script><script>alert(1)//',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '`${alert(1)}`',
  '<!--<script>',
  '\x1b]0;owned\x07',
  '\u202egnp.exe',
  'AT&amp;T &notit;',
];

function hostileRun(text: string): StoredRun {
  const records = (sampleRun({ machines: ['direct'] }).boots[0]?.records ?? [])
    .slice(0, 10)
    .map((record) => ({
      ...record,
      suite: text,
      name: text,
      metric: text,
      labels: { ...record.labels, [text]: text },
    }));
  const boot = {
    reason: text,
    evidence: [text],
    refused: [text],
    tail: [text],
    hello: { schema: 1, kernel: text, build: text, cpus: 1, tscKhz: 1, cmdline: text },
    tests: { passed: 0, failed: 1, skipped: 0, failures: [text] },
    records,
  };
  return sampleRun({ machines: [text], boot, run: { command: ['synos', text], synos: text, exit: 1 } });
}

function trendOf(run: StoredRun, runs = 3): Trend[] {
  return run.boots.map((boot) => ({
    runs: Array.from({ length: runs }, (_, n) => ({
      run: run.id,
      startedAt: run.startedAt,
      commit: `${n}`.repeat(40),
      dirty: false,
    })),
    series: new Map(
      boot.records.map((record) => [keyOf(record), Array(runs).fill(record.value) as number[]]),
    ),
  }));
}

function keyOf({ suite, name, metric, unit, labels }: StoredRun['boots'][number]['records'][number]): string {
  const sorted = Object.keys(labels).sort();
  return `${suite}/${name}/${metric}{${sorted.map((key) => `${key}=${labels[key]}`).join(',')}}[${unit}]`;
}

describe('text from outside', () => {
  it.each(hostile)('stays text wherever it stands on the page: %j', (text) => {
    const run = hostileRun(text);
    const page = renderReport({
      run,
      trends: trendOf(run),
      earlier: run.boots.map((boot) => ({ run, boot })),
    });
    // JSON keeps quotes as they are; the page's script puts its texts in as text.
    const [markup = '', rest = ''] = page
      .replace(/<script>.*<\/script>/s, '')
      .split('<script type="application/json" id="data">');
    expect(markup).not.toContain(text);
    expect(rest.split('</script>')[0]).not.toContain('<');
    expect(page).not.toMatch(/[\u202a-\u202e]/);
    // The page's own script and data, and no other.
    expect(page.match(/<script/gi)).toHaveLength(2);
    expect(page.match(/<img|<iframe|<object|javascript:/gi)).toBeNull();
    expect([...page].filter((one) => one < ' ' && one !== '\n')).toEqual([]);
  });

  it('cannot end the element of the data, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const inside = jsonForScript(JSON.stringify(text)).text;
        expect(inside).not.toContain('<');
        expect(JSON.parse(inside)).toBe(text);
      }),
    );
  });

  it('is escaped by the template in text and attributes, and nothing is made of false, null and undefined', () => {
    expect(
      html`<p title="${'"a"'}">${['<', 1]}${null}${undefined}${false}${html`<b>${'&'}</b>`}</p>`.text,
    ).toBe('<p title="&#34;a&#34;">&#60;1<b>&#38;</b></p>');
  });
});

describe('the page', () => {
  it('names nothing that could be fetched', () => {
    const run = sampleRun();
    const page = renderReport({ run, trends: trendOf(run) });
    const outside =
      page.match(/(?:src|href|url|action|srcset|poster)\s*[=(]\s*["']?(?!#|data:,)[^\s"')>]+/gi) ?? [];
    // uPlot's own code and the page's CSS hold no addresses; what looks like one would be a fetch.
    expect(outside).toEqual([]);
    expect(page).toContain("default-src 'none'");
  });

  it('is small: two timed boots with the history of forty runs stay under 600 KB, exact ones under 400', () => {
    const timed = sampleRun();
    expect(renderReport({ run: timed, trends: trendOf(timed, 40) }).length).toBeLessThan(600_000);
    const exact = sampleRun({ exact: true });
    expect(renderReport({ run: exact, trends: trendOf(exact, 40) }).length).toBeLessThan(400_000);
  });

  it('leaves the chart library out where there is no trend to draw', () => {
    const run = sampleRun({ exact: true });
    expect(renderReport({ run, trends: trendOf(run, 1) }).length).toBeLessThan(
      renderReport({ run, trends: trendOf(run, 2) }).length - 50_000,
    );
  });

  it('shows every record and every verdict, with integers of any size to the last digit', () => {
    const page = renderReport({ run: sampleRun() });
    expect(page).toContain('18,446,744,073,709,551,615');
    expect(page.match(/All 209 records/g)).toHaveLength(2);
  });

  it('holds what is needed to get the figures again', () => {
    const run = sampleRun({ machines: ['direct'] });
    const page = renderReport({ run });
    for (const text of [
      run.git?.commit,
      ...run.artefacts.map((one) => one.digest),
      ...run.tools.map((one) => one.version),
      run.host.cpuModel,
    ]) {
      expect(page).toContain(text);
    }
    // An option a line, and no line broken within a word.
    expect(page).toContain('  -kernel out/synos.elf \\\n  -append &#39;a -b&#39;');
  });

  it('puts the evidence first when the run failed', () => {
    const order = (run: StoredRun): string[] =>
      [...renderReport({ run }).matchAll(/<section id="(\w+)"/g)].map(([, id = '']) => id);
    expect(order(sampleRun())[0]).toBe('allocators');
    expect(order(sampleRun({ boot: { end: 'panic' }, run: { exit: 1 } }))[0]).toBe('boots');
  });

  it('is made for a run without boots, records, git or tools', () => {
    const page = renderReport({
      run: sampleRun({ machines: [], run: { git: null, tools: [], artefacts: [], exit: 1 } }),
    });
    expect(page).toContain('Nothing was booted');
    expect(renderReport({ run: sampleRun({ boot: { records: [], hello: null } }) })).toContain('never spoke');
  });
});

describe('its parts', () => {
  it('place values on whole decades, zero and less at the left edge', () => {
    const scale = logScale([48, 20_064, 0]);
    expect(scale).toEqual({ low: 1, high: 5 });
    expect(
      [10, 100, 100_000, 1e9, 0, -5].map((value) => position(scale ?? { low: 0, high: 1 }, value)),
    ).toEqual([0, 25, 100, 100, 0, 0]);
    expect(logScale([0, -1])).toBeUndefined();
    expect(logScale([7])).toEqual({ low: 0, high: 1 });
    expect(axis({ low: 1, high: 5 }).text.match(/>(10|100|1k|10k|100k)</g)).toHaveLength(5);
  });

  it('come from files that are there', () => {
    for (const name of Object.keys(pageAssets) as AssetName[])
      expect(assetText(name).length).toBeGreaterThan(500);
  });
});

describe('writing the page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'synos-report-'));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('replaces the old one as a whole, makes the folder, and leaves nothing else behind', () => {
    const path = join(folder, 'out', 'report.html');
    writeReport(path, 'old');
    writeReport(path, 'new');
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(readdirSync(join(folder, 'out'))).toEqual(['report.html']);
  });

  it("throws the file system's error and leaves no half of a page where it cannot be put", () => {
    const path = join(folder, 'report.html');
    mkdirSync(join(path, 'x'), { recursive: true });
    expect(() => writeReport(path, 'new')).toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
    expect(readdirSync(folder)).toEqual(['report.html']);
  });
});
