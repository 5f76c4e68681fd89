// The short form of scripts/soak/mutate-records.ts: no damage makes a record, and none goes unnoticed.
import { expect, it } from 'vitest';
import { mutateRecords } from '../scripts/soak/mutate-records.ts';
import { recordedBoots } from './recorded-boots.ts';

it('of damaged streams no wrong record is accepted, and every loss is told', async () => {
  const result = mutateRecords(await recordedBoots(), 3000, 20_26, () => {});
  expect(result).toMatchObject({ streams: 3000, wrong: 0, silent: 0 });
  // Both kinds of streams were among them, else nothing is shown.
  expect(Math.min(result.whole, result.lossTold)).toBeGreaterThan(100);
}, 60_000);
