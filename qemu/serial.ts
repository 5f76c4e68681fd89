// One guest's serial port, from bytes to meaning: records, test results and bounded lines, with the caps that end a flood.

import type { KtapResult } from '../core/ktap.ts';
import { visible } from '../core/text.ts';
import { type FrameReader, frameReader } from './frames.ts';
import { type Gathered, type Gatherer, gatherer, type Harvest } from './harvest.ts';
import { type Meaning, meaningOf } from './meaning.ts';
import type { RuleOptions } from './rule-options.ts';
import type { RuleState } from './rules.ts';
import type { Screen } from './terminal.ts';

export type SerialEvents = {
  /** A line of text, escaped. */
  line(text: string): void;
  gathered(what: Gathered): void;
};

export type SerialReader = {
  feed(bytes: Buffer): void;
  /** Closes what is open; feed() must not be called any more. */
  finish(): void;
  /** Costs nothing: it is asked at every look at the port. */
  state(): SerialState;
  /** The last lines, escaped, with the one that is still open. */
  tail(): readonly string[];
  harvest(): Harvest;
  tests(): KtapResult;
  /** What the lines mean beside that. */
  meaning: Pick<Meaning, 'complete' | 'defects'>;
  /** To be called at every look at the port, whether something came or not. */
  look(): void;
  /** Bytes that may be fed now: a terminal draws slower than a guest prints. Undefined: any number. */
  room(): number | undefined;
  /** Resolves when all that was fed was read; finish() tells the rest. */
  ready(): Promise<void>;
  /** To be called when nothing came for a moment: a line that is open may be a prompt. */
  settle(): void;
};

export type SerialState = {
  readonly bytes: number;
  /** Frames with a right CRC. */
  readonly frames: number;
  /** Records that were found in lines. */
  readonly found?: number;
  /** The first line in which the guest says that it panicked, escaped. */
  readonly panic: string | undefined;
  /** What the machine's rules saw, where it has some. */
  readonly rules?: RuleState | undefined;
};

export type SerialExtras = {
  readonly rules?: RuleOptions | undefined;
  /** Makes the terminal of a guest that paints: lines are what it shows. */
  readonly screen?: ((onLine: (text: string) => void) => Screen) | undefined;
  /** Is handed the bytes that belong to no frame, as they come; those of a terminal's lines where there is one. */
  readonly heard?: ((bytes: Buffer) => void) | undefined;
};

const longestLine = 4096;
const tailLines = 20;

export function serialReader(events: SerialEvents, extras: SerialExtras = {}): SerialReader {
  const { rules, heard } = extras;
  const gather: Gatherer = gatherer();
  const meaning = meaningOf(rules, (record) => events.gathered({ kind: 'record', record }));
  const tail: string[] = [];
  let bytes = 0;
  let settled = '';

  const onLine = (raw: string, whole: boolean): void => {
    const text = raw.replace(/\r+$/, '');
    const safe = visible(text);
    meaning.line(text, whole);
    tail.push(safe);
    if (tail.length > tailLines) tail.shift();
    events.line(safe);
  };
  const lines = lineSplitter(onLine);
  const screen = extras.screen?.((text) => {
    onLine(text, true);
    heard?.(Buffer.from(`${text}\n`));
  });
  let painted: readonly string[] = [];
  const onText = (some: Buffer): void => {
    if (screen) {
      screen.feed(some);
      return;
    }
    lines.feed(some);
    heard?.(some);
  };
  const frames: FrameReader = frameReader({
    frame(frame) {
      // A frame ends an open line: what a boot loader left before it is no part of what comes behind it.
      lines.flush();
      const what = gather.accept(frame);
      if (what.kind === 'note') onLine(what.text, false);
      events.gathered(what);
    },
    text: onText,
    damaged: gather.damaged,
  });

  return {
    feed(chunk) {
      bytes += chunk.length;
      frames.feed(chunk);
    },
    finish() {
      frames.finish();
      lines.flush();
      painted = screen?.rows() ?? [];
      screen?.finish();
    },
    look: () => screen?.look(),
    room: () => screen?.room(),
    ready: async () => screen?.drawn(),
    settle() {
      const open = lines.open();
      if (open !== settled) meaning.prompt(open);
      settled = open;
    },
    state: () => ({
      ...{ bytes, frames: gather.count(), found: meaning.records().length },
      ...{ panic: meaning.panic(), rules: meaning.rules() },
    }),
    tail() {
      if (painted.length > 0) return painted.map(visible);
      const open = lines.open();
      return open === '' ? [...tail] : [...tail, visible(open)];
    },
    harvest() {
      const harvest = gather.result();
      const records = [...harvest.records, ...meaning.records()];
      return { ...harvest, records, refused: [...harvest.refused, ...meaning.refused()] };
    },
    tests: meaning.tests,
    meaning,
  };
}

// Splits text at line feeds; a line that is too long is told in pieces, the first of which are not `whole`.
function lineSplitter(onLine: (text: string, whole: boolean) => void) {
  let open = '';
  let cut = false;
  const end = (): void => {
    onLine(decode(open), !cut);
    open = '';
    cut = false;
  };
  return {
    feed(bytes: Buffer): void {
      // Latin-1 keeps one unit a byte, so that no character is torn between two reads; decoded when the line is whole.
      const parts = bytes.toString('latin1').split('\n');
      for (const [index, part] of parts.entries()) {
        if (index > 0) end();
        open += part;
        while (open.length > longestLine) {
          cut = true;
          onLine(decode(open.slice(0, longestLine)), false);
          open = open.slice(longestLine);
        }
      }
    },
    flush(): void {
      if (open !== '') end();
    },
    open: () => decode(open),
  };
}

// UTF-8 where it is that; bytes that are not become U+FFFD, and the raw log has them as they came.
function decode(latin1: string): string {
  return /[\u0080-\u00ff]/.test(latin1) ? Buffer.from(latin1, 'latin1').toString('utf8') : latin1;
}
