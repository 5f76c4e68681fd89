// Size of the report page, what making it costs, and how soon Chromium shows it and lets one work with it: one run, the last of a year of
// nights (365 runs of two boots with 420 records each), a run that failed, one with a profile of 3000 call paths.
//   node scripts/bench/report-page.ts [ROUNDS]        after `npm run build`; needs /usr/bin/chromium. KEEP=1 leaves the pages
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { digestOf } from '../../core/digest.ts';
import type { BenchRecord } from '../../core/record.ts';
import { profilePart } from '../../orchestrator/results/report/profile.ts';
import { renderReport } from '../../orchestrator/results/report.ts';
import type { StoredBoot, StoredRun } from '../../orchestrator/results/run.ts';
import { sampleBoot, sampleRun } from '../../orchestrator/results/sample-run.ts';
import { median, seededRandom } from '../../orchestrator/results/stats.ts';
import { openStore } from '../../orchestrator/results/store.ts';
import { row } from './measure.ts';

const rounds = Number(process.argv[2] ?? 10);
const folder = mkdtempSync(join(tmpdir(), 'synos-report-page-'));
const nights = 365;
const random = seededRandom(7);

/** As many records as our own kernel gives: sample-run's 209 twice, the second time as other work without allocators, and two more. */
function recordsOf(exact: boolean, night: number): BenchRecord[] {
  const { records } = sampleBoot('direct', { exact, seed: night });
  const others = records.map((record) => {
    const { allocator, ...labels } = record.labels;
    return { ...record, suite: 'lib', labels: { ...labels, ...(allocator ? { variant: allocator } : {}) } };
  });
  const more = records.slice(0, 2).map((record) => ({ ...record, suite: 'frame' }));
  return [...records, ...others, ...more].map((record, index) => ({ ...record, sequence: index + 1 }));
}

/** Nights move by chance, each metric by itself; and one night in twenty a commit changes a tenth of the metrics for good. */
function nightsOf(exact: boolean): (night: number) => BenchRecord[] {
  const factors = recordsOf(exact, 0).map(() => 1);
  return (night) => {
    if (night % 20 === 19)
      factors.forEach((_, index) => {
        if (random() < 0.1) factors[index] = (factors[index] ?? 1) * (0.8 + 0.5 * random());
      });
    return recordsOf(exact, night).map((record, index) => {
      const noise = exact ? 1 : Math.exp(0.05 * (random() + random() + random() - 1.5));
      return scaled(record, (factors[index] ?? 1) * noise);
    });
  };
}

function scaled(record: BenchRecord, factor: number): BenchRecord {
  if (record.kind !== 'bench') return record;
  const move = (value: number | bigint): number => Math.round(Number(value) * factor);
  return { ...record, value: move(record.value), samples: record.samples.map(move) };
}

function year(): StoredRun[] {
  const [exact, timed] = [nightsOf(true), nightsOf(false)];
  return Array.from({ length: nights }, (_, night) => {
    const boots: StoredBoot[] = [
      { ...sampleBoot('direct', { exact: true }), records: exact(night) },
      { ...sampleBoot('iso'), records: timed(night) },
    ];
    const commit = Array.from({ length: 40 }, () => Math.floor(random() * 16).toString(16)).join('');
    const at = new Date(Date.UTC(2025, 10, 24 + night, 2, 30));
    return sampleRun({ at, run: { boots, git: { commit, branch: 'main', dirty: false } } });
  });
}

/** A tree of calls like that of a kernel: few functions near the root, most paths far below it. */
function profiled(run: StoredRun): StoredRun {
  const nodes = Array.from({ length: 3000 }, (_, index) => ({
    function: index === 0 ? -1 : index % 400,
    parent: index === 0 ? -1 : Math.floor(index * random() ** 0.3),
    self: Math.floor(1e6 * random() ** 4),
    calls: 1 + Math.floor(1000 * random()),
  }));
  const functions = Array.from({ length: 400 }, (_, n) => ({
    name: `some_function_${n}`,
    file: null,
    line: null,
  }));
  const total = nodes.reduce((sum, { self }) => sum + self, 0);
  const profile = {
    schema: 'synos.profile/1',
    machine: 'direct',
    unit: 'instructions',
    total,
    functions,
    nodes,
    notes: [],
  };
  const text = JSON.stringify(profile);
  writeFileSync(join(folder, 'profile.json'), text);
  const [boot, ...others] = run.boots as [StoredBoot, ...StoredBoot[]];
  return {
    ...run,
    boots: [{ ...boot, profile: { path: 'profile.json', digest: digestOf(text) } }, ...others],
  };
}

async function pageOf(name: string, runs: readonly StoredRun[]): Promise<string> {
  const store = await openStore(join(folder, `${name}.sqlite`));
  for (const run of runs) store.addRun(run);
  const run = runs.at(-1) as StoredRun;
  const times: number[] = [];
  let page = '';
  for (let round = 0; round < 5; round++) {
    const from = process.cpuUsage();
    const earlier = store.earlierBoots(run);
    const profile = profilePart(run, earlier, folder);
    page = renderReport({ run, earlier, trends: store.trends(run, 400), ...(profile ? { profile } : {}) });
    const { user, system } = process.cpuUsage(from);
    times.push((user + system) / 1e6);
  }
  store.close();
  const file = join(folder, `${name}.html`);
  writeFileSync(file, page);
  process.stdout.write(
    `${name}: ${page.length.toLocaleString('en')} bytes, made in ${(1000 * median(times)).toFixed(0)} ms of CPU\n`,
  );
  return file;
}

type Seen = { readonly paint: number; readonly ready: number };

async function look(browser: Browser, file: string): Promise<Seen> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  await page.goto(pathToFileURL(file).href);
  await page.locator('[data-ready]').waitFor({ state: 'attached' });
  const seen = (await page.evaluate(`new Promise((resolve) => {
    const told = () => {
      const [paint] = performance.getEntriesByName('first-contentful-paint');
      if (paint) resolve({ paint: paint.startTime, ready: performance.getEntriesByName('ready')[0].startTime });
      else requestAnimationFrame(told);
    };
    told();
  })`)) as Seen;
  await page.close();
  return seen;
}

const all = year();
const last = all.at(-1) as StoredRun;
const panicked: StoredBoot = {
  ...sampleBoot('direct', { exact: true }),
  end: 'panic',
  reason: 'the kernel panicked: page fault at 0x10',
  records: recordsOf(true, 1).slice(0, 60),
};
const files = {
  'one run': await pageOf('one-run', [last]),
  'a year of nights': await pageOf('year', all),
  'one run with a profile': await pageOf('profile', [profiled(last)]),
  'a run that failed': await pageOf('failed', [sampleRun({ run: { boots: [panicked], exit: 1 } })]),
};
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu'],
});
try {
  for (const [name, file] of Object.entries(files)) {
    await look(browser, file);
    const seen: Seen[] = [];
    for (let round = 0; round < rounds; round++) seen.push(await look(browser, file));
    process.stdout.write(
      `${row(
        `${name}, first paint`,
        seen.map(({ paint }) => paint / 1000),
        's',
      )}\n`,
    );
    process.stdout.write(
      `${row(
        `${name}, ready for keys`,
        seen.map(({ ready }) => ready / 1000),
        's',
      )}\n`,
    );
  }
} finally {
  await browser.close();
  if (process.env['KEEP']) process.stdout.write(`kept: ${folder}\n`);
  else rmSync(folder, { recursive: true });
}
