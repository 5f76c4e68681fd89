// `synos boot --budget N`: the guest stands behind the same instruction every time, on a host at rest or not.
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fits } from './fits.ts';
import { project, type Rig } from './rig.ts';

type Boot = { end: string; reason: string; last?: { cpus: unknown[] } };
let rig: Rig;
beforeAll(async () => {
  rig = await project({ kernel: 'built' });
  expect((await rig.synos(['build', 'kernel'])).exit).toBe(0);
});
afterAll(async () => rig[Symbol.asyncDispose]());

async function stopsAt(budget: number, runs: number, words = 'test=none bench=none'): Promise<Boot[]> {
  const { exit, json, err } = await rig.synos([
    ...['boot', '--budget', String(budget), '--runs', String(runs), '--json', '--no-report'],
    ...['--append', words],
  ]);
  expect(exit, err).toBe(6);
  await fits('run', json());
  return (json() as { boots: Boot[] }).boots;
}

describe('synos boot --budget', () => {
  it('stops twenty times behind the same instruction, with the same registers, while the host is busy', async () => {
    const load = [1, 2, 3].map(() => spawn('sh', ['-c', 'while :; do :; done']));
    try {
      const boots = await stopsAt(2_000_000, 20);
      expect(boots).toHaveLength(20);
      for (const { end, reason, last } of boots) {
        expect(end).toBe('budget');
        expect(reason).toMatch(/^stopped behind 2000000 instructions at 0xffffffff8[0-9a-f]+ \(\w/);
        expect(reason).toBe(boots[0]?.reason);
        expect(last?.cpus).toEqual(boots[0]?.last?.cpus);
      }
    } finally {
      for (const child of load) child.kill('SIGKILL');
    }
  });

  it('goes one instruction further with one more', async () => {
    const places = [];
    for (const budget of [1, 2, 3]) places.push((await stopsAt(budget, 1))[0]?.reason);
    // qboot: a jump at the reset vector to `cli`, one byte, and `cld`, one byte.
    expect(places[0]).toMatch(/^stopped behind 1 instructions at 0x/);
    expect(new Set(places.map((place) => /0x[0-9a-f]+/.exec(place ?? '')?.[0])).size).toBe(3);
  });

  it('stops a loop that never ends', async () => {
    const [first, second] = await stopsAt(30_000_000, 2, 'test=none bench=none fault=spin');
    expect(first?.end).toBe('budget');
    expect(second?.reason).toBe(first?.reason);
  });

  it('is no end for a guest that needs less', async () => {
    const { exit, out } = await rig.synos([
      'boot',
      '--budget',
      '900000000',
      '--no-report',
      '--append',
      'test=none bench=none',
    ]);
    expect([exit, out]).toEqual([0, expect.stringContaining('direct  passed')]);
  });

  it('is refused where nothing is counted', async () => {
    expect((await rig.synos(['boot', '--budget', '5', '--no-exact'])).exit).toBe(2);
    expect((await rig.synos(['boot', '--budget', '0'])).exit).toBe(2);
  });
});
