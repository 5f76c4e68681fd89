import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { digestOf } from '../../core/digest.ts';
import { samplePng } from '../../core/sample-png.ts';
import { renderReport } from './report.ts';
import { sampleRun } from './sample-run.ts';
import { picturesOf } from './screens.ts';

const tree = mkdtempSync(join(tmpdir(), 'synos-screens-'));
afterAll(() => rmSync(tree, { recursive: true }));

function runWith(...files: readonly (readonly [path: string, data: Buffer, stored?: Buffer])[]) {
  const run = sampleRun({ exact: true, machines: files.map(([path]) => path) });
  const boots = run.boots.map((boot, i) => {
    const [path = '', data = Buffer.alloc(0), stored = data] = files[i] ?? [];
    if (stored.length > 0) writeFileSync(join(tree, path), stored);
    return { ...boot, screen: { path, digest: digestOf(data) } };
  });
  return { ...run, boots };
}

it('are on the page as data, with a text in their place for those who do not see them', () => {
  const run = runWith(['one.png', samplePng(720, 400)]);
  const page = renderReport({ run, pictures: picturesOf(run, tree, 0) });
  expect(page).toContain(`src="data:image/png;base64,${samplePng(720, 400).toString('base64')}"`);
  expect(page).toContain('alt="What one.png showed on its screen at the end, 720 by 400 pixels"');
  expect(page).toContain('<dd>one.png</dd>');
});

it('are left out where another run has put its own, or something else, or nothing', () => {
  const [one, other] = [samplePng(720, 400), samplePng(640, 480)];
  mkdirSync(join(tree, 'folder'));
  execFileSync('mkfifo', [join(tree, 'fifo')]);
  const run = runWith(
    ['a.png', one, other],
    ['b.png', Buffer.from('no picture')],
    ['gone.png', one, Buffer.alloc(0)],
    ['folder', one, Buffer.alloc(0)],
    ['fifo', one, Buffer.alloc(0)],
  );
  expect(picturesOf(run, tree, 0)).toEqual(run.boots.map(() => undefined));
  const page = renderReport({ run, pictures: picturesOf(run, tree, 0) });
  expect(page).not.toContain('<img');
  expect(page).toContain('<dd>a.png</dd>');
});

it('take at most 150,000 characters of the page, all together, and less of a large one', () => {
  const [large, small] = [samplePng(720, 400, 60_000), samplePng(720, 400)];
  const run = runWith(['a.png', large], ['b.png', large], ['c.png', small]);
  const shown = (used: number): boolean[] => picturesOf(run, tree, used).map((one) => one !== undefined);
  expect(shown(0)).toEqual([true, false, true]);
  expect(shown(400_000)).toEqual([false, false, true]);
  const bare = renderReport({ run });
  const page = renderReport({ run, pictures: picturesOf(run, tree, bare.length) });
  expect(page.length - bare.length).toBeLessThan(151_000);
});
