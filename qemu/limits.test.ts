// Patience: longer where firmware or counting makes a guest slower, and only there.
import { expect, test } from 'vitest';
import { patienceFor } from './limits.ts';
import { machineOptions } from './options.ts';

const limits = { seconds: 100, silenceSeconds: 10 };

test.each([
  [{}, false, [100, 10, 10]],
  [{}, true, [300, 30, 30]],
  [{ boot: 'iso' }, false, [100, 10, 10]],
  [{ boot: 'iso', firmware: 'uefi' }, false, [100, 10, 30]],
  [{ boot: 'iso', firmware: 'uefi' }, true, [300, 30, 270]],
])('%j, exact %j', (options, exact, expected) => {
  const { seconds, silenceSeconds, firstByteSeconds } = patienceFor(
    machineOptions.parse({ ...options, limits }),
    exact,
  );
  expect([seconds, silenceSeconds, firstByteSeconds]).toEqual(expected);
});
