// What a bisection says while it goes on: on a terminal a line that changes, and one that stays for each commit; else only lines.
import { count, duration, number } from '../../core/words.ts';
import type { Answer, Step } from '../results/bisect.ts';
import type { Series } from '../results/bisect-document.ts';
import { whyText } from '../results/bisect-text.ts';
import { cut } from '../results/layout.ts';
import { columnsOf, isLive, styleFor, writeErr } from '../ui/output.ts';
import { statusLine } from '../ui/status.ts';
import type { Tested } from './bisect-state.ts';

export type Progress = {
  say(line: string): void;
  step(step: Step & { kind: 'ask' }): void;
  /** It is built, if it must be. */
  begin(commit: string): void;
  boot(commit: string): void;
  tested(tested: Tested, answer: Answer | 'parent', series: Series | null): void;
  close(): void;
};

export function openProgress(quiet: boolean): Progress {
  const stream = process.stderr;
  const style = styleFor(stream);
  const status = statusLine(stream);
  const took: number[] = [];
  let left = '';
  const say = (line: string): void => {
    status.clear();
    if (!quiet) writeErr(line);
  };
  const now = (what: string, commit: string): void => {
    if (!quiet) status.show(cut(`${what} ${commit.slice(0, 12)}${left}`, columnsOf(stream) - 1));
  };
  return {
    say,
    step({ commit, left: commits, steps }) {
      left = `: ${count(commits, 'commit')} left, about ${count(steps, 'step')}${eta(took, steps)}`;
      if (!isLive(stream)) say(`testing ${commit.slice(0, 12)}${left}`);
    },
    begin: (commit) => now('building', commit),
    boot: (commit) => now('booting', commit),
    tested(tested, answer, series) {
      if (tested.boots > 0) took.push(tested.durationMs);
      const paint = { good: style.good, bad: style.bad, skip: style.warn, parent: style.dim }[answer];
      say(`${paint(answer.padEnd(7))} ${tested.commit.slice(0, 12)}  ${wordsOf(tested, series)}`);
    },
    close: status.clear,
  };
}

function eta(took: readonly number[], steps: number): string {
  if (took.length === 0) return '';
  return `, ${duration((took.reduce((a, b) => a + b, 0) / took.length) * steps)}`;
}

function wordsOf({ value, end, why, boots, durationMs }: Tested, series: Series | null): string {
  const seen =
    why !== null
      ? whyText(why)
      : value !== null
        ? `${number(value)} ${series?.unit ?? ''}`
        : end === 'passed'
          ? 'passed'
          : `ended ${end}`;
  if (boots === 0) return why === null ? `${seen} (stored boot of the same bytes)` : seen;
  return `${seen} (${count(boots, 'boot')}, ${duration(durationMs)})`;
}
