// The short forms of scripts/soak/boots.ts and exact-identical.ts: boots beside each other, some of which lose their QEMU or SynOS itself;
// and exact boots, cold and started ahead, at rest and under load, that print the same bytes.
import { expect, it } from 'vitest';
import { soakBoots } from '../scripts/soak/boots.ts';
import { compareExact } from '../scripts/soak/exact-identical.ts';

it('20 boots, 4 commands at once, killed at random moments: each verdict is right, and nothing is left', async () => {
  const { ends, problems } = await soakBoots({ boots: 20, atOnce: 4, seed: 20_26, tell: () => {} });
  expect(problems).toEqual([]);
  const { passed = 0, killed = 0, cut = 0 } = ends;
  expect(passed + killed + cut).toBe(20);
  expect(passed).toBeGreaterThan(0);
}, 110_000);

it('8 exact boots of 4 CPUs that fight for a lock print the same bytes, under load and started ahead, too', () => {
  const soak = { boots: 8, cpus: 4, commandLine: 'test=none bench=lock', tell: () => {} };
  const { logs, underLoad, prewarmed } = compareExact(soak);
  expect([...logs.values()]).toEqual([8]);
  expect([underLoad, prewarmed > 0]).toEqual([4, true]);
}, 110_000);
