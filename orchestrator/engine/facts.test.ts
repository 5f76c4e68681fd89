// Digests of files by their stamps, and the racy rule.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../core/digest.ts';
import { digestNow, Facts, isRacy, look, type Seen } from './facts.ts';
import { Journal } from './journal.ts';
import { fileClockTick } from './rig.ts';

let folder: string;
let path: string;
let facts: Facts;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'synos-facts-'));
  path = join(folder, 'file');
  facts = new Facts(new Journal(folder));
});
afterEach(() => rmSync(folder, { recursive: true }));

const seen = (): Seen => look(path) ?? { stamp: '', size: 0, changed: 0n };

describe('a digest', () => {
  it('is remembered when the file is older than a tick of the file clock', async () => {
    writeFileSync(path, 'text');
    await fileClockTick();
    expect(facts.digest('key', path)).toBe(digestOf('text'));
    expect(facts.recall('key', seen().stamp)).toBe(digestOf('text'));
  });

  it('of a file that was just written is right, but not remembered', () => {
    writeFileSync(path, 'text');
    expect(facts.digest('key', path)).toBe(digestOf('text'));
    expect(facts.recall('key', seen().stamp)).toBeUndefined();
  });

  it('is that of what was read, whatever the stamp of another file says', async () => {
    writeFileSync(path, 'text');
    await fileClockTick();
    facts.digest('key', path);
    const before = seen().stamp;
    writeFileSync(path, 'TEXT');
    expect(seen().stamp).not.toBe(before);
    expect(facts.digest('key', path)).toBe(digestOf('TEXT'));
  });

  it('of a large file is read in pieces', () => {
    const text = 'x'.repeat(1_000_003);
    writeFileSync(path, text);
    expect(digestNow(path)).toBe(digestOf(text));
  });

  it.each([
    ['nothing', () => {}],
    ['a folder', () => mkdirSync(path)],
    ['a link to nowhere', () => symlinkSync('nowhere', path)],
    ['a link to itself', () => symlinkSync('file', path)],
  ])('of %s is none', (_what, make) => {
    make();
    expect(facts.digest('key', path)).toBeUndefined();
  });

  it('of a path below a file is none', () => {
    writeFileSync(path, '');
    expect(facts.digest('key', join(path, 'below'))).toBeUndefined();
  });
});

describe('the racy rule', () => {
  const at = (ns: bigint): Seen => ({ stamp: '', size: 0, changed: ns });
  const second = 1_000_000_000n;

  it('distrusts a file that was read within a tick of its change', () => {
    expect(isRacy(at(5n * second + 1n), 5n * second + 2n)).toBe(true);
    expect(isRacy(at(5n * second + 1n), 5n * second + 30_000_000n)).toBe(false);
  });

  it('distrusts whole seconds for two, since some file systems know no less', () => {
    expect(isRacy(at(5n * second), 6n * second)).toBe(true);
    expect(isRacy(at(5n * second), 8n * second)).toBe(false);
  });

  it('distrusts times in the future', () => {
    writeFileSync(path, 'text');
    utimesSync(path, 4_000_000_000, 4_000_000_000);
    facts.digest('key', path);
    expect(facts.recall('key', seen().stamp)).toBeUndefined();
  });
});
