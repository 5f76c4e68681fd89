import { expect, test } from 'vitest';
import { mostPngBytes, pngSize } from './png.ts';
import { samplePng } from './sample-png.ts';

test('a whole image has its size', () => {
  expect(pngSize(samplePng(720, 400))).toEqual({ width: 720, height: 400 });
  expect(pngSize(samplePng(1, 16_384))).toEqual({ width: 1, height: 16_384 });
});

test('what is cut, damaged in its head, too large or empty is none', () => {
  const whole = samplePng(720, 400);
  for (let length = 0; length < whole.length; length++)
    expect(pngSize(whole.subarray(0, length)), `${length} bytes`).toBeUndefined();
  for (let at = 0; at < 33; at++) {
    const damaged = Buffer.from(whole);
    damaged[at] = (damaged[at] ?? 0) ^ 4;
    expect(pngSize(damaged), `byte ${at}`).toBeUndefined();
  }
  for (const [width, height] of [
    [0, 400],
    [720, 0],
    [16_385, 1],
  ] as const)
    expect(pngSize(samplePng(width, height))).toBeUndefined();
  expect(pngSize(samplePng(4, 4, mostPngBytes))).toBeUndefined();
});
