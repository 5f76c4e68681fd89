// The short form of scripts/soak/seeded-failures.ts: one of each kind, started directly and from an ISO, is told for what it is.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { caseName, cases, failureLab } from '../scripts/soak/seeded-failures.ts';
import { qemuLeft, type Workshop, workshop } from './boot-rig.ts';

let shop: Workshop;
let lab: ReturnType<typeof failureLab>;
beforeAll(() => {
  shop = workshop();
  lab = failureLab(shop);
});
afterAll(() => {
  shop[Symbol.dispose]();
  expect(qemuLeft()).toEqual([]);
});

describe('a guest that fails on purpose is told for what it is:', () => {
  test.concurrent.each(cases.map((one) => [caseName(one), one] as const))(
    '%s',
    async (_, one) => {
      const { outcome } = await lab.run(one);
      expect(outcome.end, outcome.reason).toBe(one.kind.end);
      expect(outcome.reason).toMatch(one.kind.reason ?? /./);
    },
    60_000,
  );
});
