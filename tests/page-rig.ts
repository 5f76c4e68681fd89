// Pages of stored sample runs, opened from disk in one real browser.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { renderReport, writeReport } from '../orchestrator/results/report.ts';
import type { StoredRun } from '../orchestrator/results/run.ts';
import { type SampleOptions, sampleRun } from '../orchestrator/results/sample-run.ts';
import { openStore } from '../orchestrator/results/store.ts';

export const folder = mkdtempSync(join(tmpdir(), 'synos-page-'));
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

/** Stores some runs and writes the page of the last one, as `synos boot` does; once for each name. */
export function pageFile(name: string, options: readonly SampleOptions[]): Promise<string> {
  const known = made.get(name) ?? makePage(name, options);
  made.set(name, known);
  return known;
}

const made = new Map<string, Promise<string>>();

async function makePage(name: string, options: readonly SampleOptions[]): Promise<string> {
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

export async function open(path: string, options: BrowserContextOptions = {}): Promise<Opened> {
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

export const three: SampleOptions[] = [
  { exact: true, poolFactor: 1.25 },
  { exact: true, poolFactor: 1.25 },
  { exact: true },
];
