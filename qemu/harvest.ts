// Puts the frames of one boot together: which records came, which are missing, and whether the stream is provably whole.
import { crc32 } from 'node:zlib';
import type { BenchRecord, Hello } from '../core/record.ts';
import type { Frame } from './frames.ts';
import { readContent } from './record-schema.ts';

export type Harvest = {
  readonly hello: Hello | null;
  readonly records: readonly BenchRecord[];
  readonly ended: boolean;
  /** Sequence numbers that never came, the first 100, and how many there are in all. */
  readonly missing: readonly number[];
  readonly missingCount: number;
  /** What was refused and why, the first 20. */
  readonly refused: readonly string[];
  /** Why the stream is not whole; empty when every frame came once, in order, and the rolling CRC agrees. */
  readonly defects: readonly string[];
};

/** What a frame turned out to be, for whoever tells about it as it comes. */
export type Gathered =
  | { readonly kind: 'record'; readonly record: BenchRecord }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'other' };

export type Gatherer = {
  accept(frame: Frame): Gathered;
  /** Something began like a frame and is none. No defect in itself: the numbers and the rolling CRC say whether a record is lost. */
  damaged(reason: string): void;
  /** Frames with a right CRC, for the cap on records. */
  count(): number;
  result(): Harvest;
};

const mostMissing = 100;
const mostRefused = 20;
const other: Gathered = { kind: 'other' };

export function gatherer(): Gatherer {
  const records: BenchRecord[] = [];
  const missing: number[] = [];
  const refused: string[] = [];
  const defects: string[] = [];
  let missingCount = 0;
  let hello: Hello | null = null;
  let expected = 0;
  let rolling = 0;
  let ended = false;
  let frames = 0;

  const refuse = (reason: string): Gathered => {
    if (refused.length < mostRefused) refused.push(reason);
    return other;
  };
  const defect = (reason: string): Gathered => {
    if (defects.length < mostRefused) defects.push(reason);
    return refuse(reason);
  };
  const skipTo = (sequence: number): void => {
    for (let lost = expected; lost < sequence && missing.length < mostMissing; lost++) missing.push(lost);
    missingCount += sequence - expected;
  };
  const onEnd = (sequence: number, count: number, crc: number): Gathered => {
    ended = true;
    if (count !== sequence)
      return defect(`the end record counts ${count} records and is number ${sequence} itself`);
    // With a gap or a refusal the rolling CRC cannot agree, and says nothing new.
    if (missingCount === 0 && defects.length === 0 && crc !== rolling)
      return defect('the rolling CRC of the end record does not agree');
    return other;
  };
  const keep = (frame: Frame): Gathered => {
    const content = readContent(frame.sequence, frame.json);
    switch (content.kind) {
      case 'refused':
        return defect(`record ${frame.sequence}: ${content.reason}`);
      case 'hello':
        if (frame.sequence !== 0) return defect(`record ${frame.sequence}: hello is not the first record`);
        hello = content.hello;
        return other;
      case 'end':
        return onEnd(frame.sequence, content.records, content.crc);
      case 'note':
        return content;
      case 'record':
        records.push(content.record);
        return content;
    }
  };

  return {
    accept(frame) {
      frames++;
      if (ended) return defect(`record ${frame.sequence} came after the end record`);
      if (frame.sequence < expected) return defect(`record ${frame.sequence} came twice or out of order`);
      if (frame.sequence > expected) skipTo(frame.sequence);
      expected = frame.sequence + 1;
      const gathered = keep(frame);
      rolling = crc32(frame.covered, rolling);
      return gathered;
    },
    damaged(reason) {
      refuse(`frame: ${reason}`);
    },
    count: () => frames,
    result: () => ({
      hello,
      records,
      ended,
      missing,
      missingCount,
      refused,
      defects: [...gaps(missing, missingCount), ...(hello || !ended ? [] : ['no hello record']), ...defects],
    }),
  };
}

function gaps(missing: readonly number[], count: number): string[] {
  if (count === 0) return [];
  const shown = missing.slice(0, 10).join(', ');
  return [
    `${count} ${count === 1 ? 'record is' : 'records are'} missing: ${shown}${count > 10 ? ', ...' : ''}`,
  ];
}
