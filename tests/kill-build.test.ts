// The short form of scripts/soak/kill-build.ts: a build that was killed leaves nothing that the next one stumbles over.
import { expect, it } from 'vitest';
import { killBuilds } from '../scripts/soak/kill-build.ts';

it('a kernel build that is killed at random moments ends with the same bytes the next time', async () => {
  const result = await killBuilds({ moments: 5, target: 'kernel', seed: 20_26, tell: () => {} });
  expect(result.problems).toEqual([]);
  expect(result.killed).toBeGreaterThan(0);
}, 110_000);
