// Profiles from files: what is one, and what lies.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SynosError } from './failure.ts';
import { parseProfile, readProfile } from './profile.ts';
import { sampleProfile } from './sample-profile.ts';

const failureOf = (read: () => unknown): unknown => {
  try {
    read();
  } catch (error) {
    return error instanceof SynosError ? error.failure : error;
  }
  return 'read';
};

describe('a profile from a file', () => {
  it('reads back as it was written', () => {
    const folder = mkdtempSync(join(tmpdir(), 'synos-profile-'));
    try {
      const path = join(folder, 'a.json');
      writeFileSync(path, JSON.stringify(sampleProfile));
      expect(readProfile(path)).toEqual(sampleProfile);
      expect(failureOf(() => readProfile(join(folder, 'b.json')))).toMatchObject({ code: 'input.missing' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  const [root, ...rest] = sampleProfile.nodes;
  it.each([
    ['is cut off', JSON.stringify(sampleProfile).slice(0, -20), 'not JSON'],
    ['is something else', '[]', 'not a profile'],
    ['is of another version', JSON.stringify({ ...sampleProfile, schema: 'synos.profile/2' }), 'version'],
    ['has a total that is not the sum', JSON.stringify({ ...sampleProfile, total: 1 }), 'add up to 10000'],
    ['has no root', JSON.stringify({ ...sampleProfile, nodes: [] }), 'no nodes'],
    ['has two roots', JSON.stringify({ ...sampleProfile, nodes: [root, root, ...rest] }), 'node 1'],
    ['names a later parent', changed({ parent: 5 }), 'node 1'],
    ['names a function that is not there', changed({ function: 6 }), 'node 1'],
    ['counts below nothing', changed({ self: -1 }), 'node 1'],
    ['counts in parts', changed({ calls: 0.5 }), 'node 1'],
    [
      'has a benchmark without a function',
      JSON.stringify({ ...sampleProfile, benchmarks: [{ name: 'a/b', function: 99 }] }),
      'a benchmark names',
    ],
    [
      'has a function without a name',
      JSON.stringify({ ...sampleProfile, functions: [{ name: 7, file: null, line: null }] }),
      'function',
    ],
  ])('is damaged when it %s', (_, text, reason) => {
    expect(failureOf(() => parseProfile(text, 'a.json'))).toMatchObject({
      code: 'store.damaged',
      path: 'a.json',
      reason: expect.stringContaining(reason),
    });
  });
});

function changed(change: object): string {
  const nodes = sampleProfile.nodes.map((node, index) => (index === 1 ? { ...node, ...change } : node));
  return JSON.stringify({ ...sampleProfile, nodes });
}
