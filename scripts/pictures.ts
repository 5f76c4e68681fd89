// Takes the README's pictures anew: the end of a real `synos boot --exact` as a terminal shows it, and the page of that run.
//   node scripts/pictures.ts        after `npm start`
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { chromium } from 'playwright-core';

const columns = 104;
const codes: { readonly [code: string]: string } = {
  '1': 'font-weight:bold',
  '2': 'opacity:.65',
  '31': 'color:#f7768e',
  '32': 'color:#9ece6a',
  '33': 'color:#e0af68',
};

const run = spawnSync(
  process.execPath,
  [resolve('dist/synos.cjs'), 'boot', 'direct', '--exact', '--color', 'always'],
  {
    encoding: 'utf8',
    env: { ...process.env, COLUMNS: String(columns), FORCE_COLOR: '1' },
  },
);
if (run.status !== 0) throw new Error(run.stderr);
const lines = run.stdout.trimEnd().split('\n');
const head = lines.slice(0, 27);
const tail = lines.slice(lines.findIndex((line) => / since |^tests /.test(line)));
const folder = mkdtempSync(join(tmpdir(), 'synos-pictures-'));
const page = join(folder, 'terminal.html');
writeFileSync(page, terminal(['$ npx synos boot --exact', ...head, '…', ...tail]));
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu'],
});
try {
  await shoot(page, { width: 940, height: 400 }, 'body', 'docs/images/terminal.png');
  await shoot(resolve('out/report.html'), { width: 1280, height: 1000 }, undefined, 'docs/images/report.png');
} finally {
  await browser.close();
  rmSync(folder, { recursive: true });
}

async function shoot(
  file: string,
  viewport: { width: number; height: number },
  part: string | undefined,
  out: string,
): Promise<void> {
  const tab = await browser.newPage({ viewport, colorScheme: 'light' });
  await tab.goto(`file://${file}`);
  await (part === undefined ? tab : tab.locator(part)).screenshot({ path: out });
  await tab.close();
}

/** ANSI colours as spans; nothing else can be in the output of our own table. */
function terminal(text: readonly string[]): string {
  const escaped = text.join('\n').replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
  const spans = escaped.replace(/\x1b\[(\d+)m/g, (_, code: string) =>
    codes[code] ? `<span style="${codes[code]}">` : '</span>',
  );
  return `<!doctype html><meta charset="utf-8"><body style="margin:0;padding:14px 18px;width:max-content;background:#1a1b26;color:#c0caf5;
font:13px/1.35 'DejaVu Sans Mono',monospace;white-space:pre">${spans}</body>`;
}
