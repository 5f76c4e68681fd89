import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { seriesKey } from '../../core/record.ts';
import { type AssetName, assetText, pageAssets } from './assets.ts';
import { html } from './report/html.ts';
import { pack, packSeries } from './report/pack.ts';
import { axis, linearScale, logScale, position } from './report/scale.ts';
import { renderReport, writeReport } from './report.ts';
import type { StoredRun } from './run.ts';
import { sampleRun } from './sample-run.ts';
import type { StoredHistory } from './store-history.ts';

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

function trendOf(run: StoredRun, runs = 3): StoredHistory[] {
  return run.boots.map((boot) => ({
    runs: Array.from({ length: runs }, (_, n) => ({
      run: run.id,
      startedAt: run.startedAt,
      commit: `${n}`.repeat(40),
      dirty: false,
    })),
    series: boot.records.map((record) => ({
      ...record,
      key: seriesKey(record),
      values: Array(runs).fill([record.value]) as number[][],
    })),
  }));
}

/** What the page's script reads, as it reads it. */
function dataOf(page: string): { text: string; json: string; bytes: number[] } {
  const text = /<script type="text\/plain" id="data">([^<]*)<\/script>/.exec(page)?.[1] ?? '';
  const raw = inflateRawSync(Buffer.from(text, 'base64'));
  const length = raw.readUInt32LE(0);
  return { text, json: raw.toString('utf8', 4, 4 + length), bytes: [...raw.subarray(4 + length)] };
}

describe('text from outside', () => {
  it.each(hostile)('stays text wherever it stands on the page: %j', (text) => {
    const run = hostileRun(text);
    const page = renderReport({
      run,
      trends: trendOf(run),
      earlier: run.boots.map((boot) => ({ run, boot })),
    });
    const { json, text: packed } = dataOf(page);
    expect(packed).toMatch(/^[A-Za-z0-9+/]+=*$/);
    const own = page.replace(/<script>.*<\/script>/s, '');
    expect(own).not.toContain(text);
    expect([...json].filter((one) => one < ' ' || (one >= '\u202a' && one <= '\u202e'))).toEqual([]);
    expect(page).not.toMatch(/[\u202a-\u202e]/);
    // The page's own script and data, and no other.
    expect(page.match(/<script/gi)).toHaveLength(2);
    expect(page.match(/<img|<iframe|<object|javascript:/gi)).toBeNull();
    expect([...page].filter((one) => one < ' ' && one !== '\n')).toEqual([]);
  });

  it('comes back from the packed data, and cannot end the element that holds it', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const inside = pack({ text }, [1, 2]);
        expect(inside).not.toContain('<');
        const read = dataOf(`<script type="text/plain" id="data">${inside}</script>`);
        expect([JSON.parse(read.json), read.bytes]).toEqual([{ text }, [1, 2]]);
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

  it('is small: two timed boots of a kernel with a history of forty runs stay under 300 KB', () => {
    const run = sampleRun();
    expect(renderReport({ run, trends: trendOf(run, 40) }).length).toBeLessThan(300_000);
  });

  it('leaves the chart library out where there is nothing to draw', () => {
    const run = sampleRun({ exact: true });
    expect(renderReport({ run: sampleRun({ boot: { records: [] } }) }).length).toBeLessThan(
      renderReport({ run }).length - 50_000,
    );
  });

  it('shows every record and every verdict, with integers of any size to the last digit', () => {
    const page = renderReport({ run: sampleRun() });
    expect(page).toContain('18,446,744,073,709,551,615');
    const list = /<table id="metric-list">.*?<\/table>/s.exec(page)?.[0];
    expect(list?.match(/<th>/g)).toHaveLength(2 * 209);
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
    expect(order(sampleRun())[0]).toBe('changes');
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

// WCAG 2.2, 1.4.3.
function contrast(a: string, b: string): number {
  const light = (hex: string): number => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
      const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [high = 0, low = 0] = [light(a), light(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

/** Names and values of each scheme's colours, #abc as #aabbcc. */
function coloursOf(css: string): { [name: string]: string }[] {
  const long = (hex: string): string => (hex.length === 4 ? hex.replace(/[0-9a-f]/g, '$&$&') : hex);
  const pairs = (block: string) => [...block.matchAll(/--([\w-]+): (#[0-9a-f]{3,6})/g)];
  return [...css.matchAll(/:root \{(.*?)\}/gs)].map(([, block = '']) =>
    Object.fromEntries(pairs(block).map(([, name = '', hex = '']) => [name, long(hex)])),
  );
}

describe('its colours', () => {
  it('let names of frames and marks of charts be read, on a screen in either scheme and on paper', () => {
    const schemes = coloursOf(readFileSync(new URL('./page/report.css', import.meta.url), 'utf8'));
    expect(schemes).toHaveLength(3);
    const frames = 't0 t1 t2 t3 t4 warm cold hit page card ok-page bad-page'.split(' ');
    const pairs = [
      ...frames.map((name) => ['ink', name] as const),
      ...['soft', 'link', 'warn', 'ok', 'bad'].flatMap(
        (name) =>
          [
            [name, 'page'],
            [name, 'card'],
          ] as const,
      ),
    ];
    const faint = schemes.flatMap((of) =>
      pairs.filter(([a, b]) => !(contrast(of[a] ?? '', of[b] ?? '') >= 4.5)),
    );
    expect(faint).toEqual([]);
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
    expect([0, 50, 200, 300].map((value) => position(linearScale([152, 7]), value))).toEqual([
      0, 25, 100, 100,
    ]);
    expect(linearScale([])).toEqual({ step: 0.25, steps: 4 });
    expect(axis({ low: 1, high: 5 }).text.match(/>(10|100|1k|10k|100k)</g)).toHaveLength(5);
  });

  it('come from files that are there', () => {
    for (const name of Object.keys(pageAssets) as AssetName[])
      expect(assetText(name).length).toBeGreaterThan(500);
  });
});

describe('a series over the runs', () => {
  it('is a list of its changes, exact at any size, with a gap where it was not measured', () => {
    const bytes: number[] = [];
    const big = 2n ** 64n - 1n;
    expect(packSeries([36, 36, null, 45, 45, big, big], true, bytes)).toEqual([
      0,
      36,
      2,
      null,
      3,
      45,
      5,
      `${big}`,
    ]);
    expect(packSeries([null, 0, 0], false, bytes)).toEqual([1, 0]);
    expect(bytes).toEqual([]);
  });

  it('is in steps of half of its usual move when it is timed, and takes a byte or two a run', () => {
    const bytes: number[] = [];
    const values = Array.from({ length: 100 }, (_, n) => (n === 50 ? null : 1000 + 100 * Math.sin(n * n)));
    const packed = packSeries(values, false, bytes) as { middle: number; step: number };
    expect(bytes.length).toBeLessThan(150);
    expect(bytes.filter((byte) => byte === 0)).toHaveLength(1);
    expect(packed.step).toBeGreaterThanOrEqual(0.002);
    expect(packed.middle).toBeCloseTo(1000, -2);
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

  it('throws and leaves no half of a page where it cannot be put', () => {
    const path = join(folder, 'report.html');
    mkdirSync(join(path, 'x'), { recursive: true });
    expect(() => writeReport(path, 'new')).toThrow('path.unwritable');
    expect(readdirSync(folder)).toEqual(['report.html']);
  });
});
