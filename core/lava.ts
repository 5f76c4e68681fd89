// Reads LAVA's test signals from lines of text, as `<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=x RESULT=pass MEASUREMENT=1 UNITS=s>`: results are
// tests, measurements are records. https://docs.lavasoftware.org/lava/lava_test_shell.html

import { type KtapResult, tallyOf } from './ktap.ts';
import { visibleUpTo } from './text.ts';

/** A measurement as it was printed. */
export type LavaMeasurement = {
  readonly suite: string;
  readonly name: string;
  readonly value: string;
  readonly unit: string;
};

export type LavaReader = {
  line(text: string): void;
  /** A run came and ended, and none is open. */
  complete(): boolean;
  /** Problems are signals that are torn or say nothing, and a run that did not end. */
  result(): KtapResult;
};

const longestName = 200;
const mark = '<LAVA_SIGNAL_';
const signal = /<LAVA_SIGNAL_([A-Z]{1,20})((?: [^<>\s]+)*) ?>/g;

export function lavaReader(measured: (measurement: LavaMeasurement) => void): LavaReader {
  const { problems, problem, pass, skip, fail, summary } = tallyOf();
  let run: string | undefined;
  let set = '';
  let ended = false;
  let seen = false;

  const onResult = (name: string, result: string): void => {
    if (result === 'pass') pass(name);
    else if (result === 'skip') skip(name);
    else if (result === 'fail') fail(name);
    else problem(`${name}: a result that is unknown`);
  };
  const onCase = (words: readonly string[]): void => {
    const fields = new Map(words.map((word) => [word.split('=', 1)[0], word.slice(word.indexOf('=') + 1)]));
    const id = fields.get('TEST_CASE_ID');
    const result = fields.get('RESULT');
    if (id === undefined || result === undefined) {
      problem('a LAVA test case without its name or result');
      return;
    }
    const name = visibleUpTo(set === '' ? id : `${set}/${id}`, longestName);
    onResult(name, result);
    const value = fields.get('MEASUREMENT');
    if (value !== undefined) measured({ suite: run || 'lava', name, value, unit: fields.get('UNITS') ?? '' });
  };
  const onSignal = (kind: string, words: readonly string[]): void => {
    seen = true;
    if (kind === 'STARTRUN') run = visibleUpTo(words[0] ?? '', longestName);
    else if (kind === 'ENDRUN') {
      run = undefined;
      ended = true;
    } else if (kind === 'TESTSET') set = words[0] === 'START' ? (words[1] ?? '') : '';
    else if (kind === 'TESTCASE') onCase(words);
  };

  return {
    line(text) {
      if (!text.includes(mark)) return;
      const whole = [...text.matchAll(signal)];
      for (const [, kind = '', words = ''] of whole) onSignal(kind, words.split(' ').slice(1));
      if (text.split(mark).length - 1 > whole.length) problem('a LAVA signal is torn');
    },
    complete: () => ended && run === undefined,
    result: () => ({
      summary: summary(),
      seen,
      problems: run === undefined ? [...problems] : [...problems, `the LAVA run ${run} did not end`],
    }),
  };
}
