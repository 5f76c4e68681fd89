// Plays a script at an interactive guest: waits for each step's pattern in what it prints, then types the step's text.
import { StringDecoder } from 'node:string_decoder';
import { nowMs } from '../core/clock.ts';
import { visibleUpTo } from '../core/text.ts';
import { escapeRemover } from './escapes.ts';
import { compilePattern } from './pattern.ts';
import type { ScriptOptions } from './rule-options.ts';

export type Script = {
  /** What the guest prints, in pieces of any size. */
  hear(bytes: Buffer): void;
  /** The step that did not come in its time. */
  late(): LateStep | undefined;
  steps: number;
  /** How many came. */
  reached(): number;
  /** The step that is waited for, in words: "step 2 (login: )"; undefined when all came. */
  waiting(): string | undefined;
};

type LateStep = { readonly step: string; readonly seconds: number };

/** A pattern is looked for in so much of what came behind the last match; more is let go, the oldest first. */
const mostPending = 16_384;

/** Runs from now. `slower`: how many times as long each step may take. */
export function playScript(options: ScriptOptions, slower: number, type: (text: Uint8Array) => void): Script {
  const steps = options.map((step) => ({ ...step, pattern: compilePattern(step.expect) }));
  const decoder = new StringDecoder('utf8');
  const plain = escapeRemover();
  let reached = 0;
  let since = nowMs();
  // Kept over steps and reads: a prompt may come torn, and the next one in the same read.
  let pending = '';
  const nameOf = (index: number): string =>
    `step ${index + 1} of the script (\`${visibleUpTo(options[index]?.expect ?? '', 80)}\`)`;
  return {
    hear(bytes) {
      if (reached === steps.length) return;
      pending += plain(decoder.write(bytes));
      for (let step = steps[reached]; step; step = steps[reached]) {
        const found = step.pattern.find(pending);
        if (!found) break;
        pending = pending.slice(found.end);
        reached++;
        since = nowMs();
        if (step.send !== '') type(Buffer.from(step.send, 'utf8'));
      }
      if (pending.length > mostPending) pending = pending.slice(-mostPending);
    },
    late() {
      const step = steps[reached];
      const seconds = (step?.seconds ?? 0) * slower;
      return step && nowMs() - since > seconds * 1000 ? { step: nameOf(reached), seconds } : undefined;
    },
    steps: steps.length,
    reached: () => reached,
    waiting: () => (reached < steps.length ? nameOf(reached) : undefined),
  };
}
