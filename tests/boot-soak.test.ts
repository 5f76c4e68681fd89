// The short form of scripts/soak/boots.ts: boots beside each other, some of which lose their QEMU or SynOS itself.
import { expect, it } from 'vitest';
import { soakBoots } from '../scripts/soak/boots.ts';

it('20 boots, 4 commands at once, killed at random moments: each verdict is right, and nothing is left', async () => {
  const { ends, problems } = await soakBoots({ boots: 20, atOnce: 4, seed: 20_26, tell: () => {} });
  expect(problems).toEqual([]);
  const { passed = 0, killed = 0, cut = 0 } = ends;
  expect(passed + killed + cut).toBe(20);
  expect(passed).toBeGreaterThan(0);
}, 110_000);
