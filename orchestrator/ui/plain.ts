// Events as plain lines, for pipes, CI and logs: one line a thing that happened, no control characters.
import type { Event } from '../../core/event.ts';
import type { TaskResult } from '../../core/task.ts';
import { duration } from '../../core/words.ts';
import { type Style, writeErr } from './output.ts';
import { Transfer } from './transfer.ts';

export type PlainOptions = { quiet: boolean; verbose: boolean; serial: boolean; style: Style };

/** A reader of events. Cached tasks are silent unless verbose: the summary counts them. */
export function plainReader(options: PlainOptions): (event: Event) => void {
  const transferred = transferTeller();
  return (event) => {
    if (options.quiet) return;
    const line = event.type === 'task.progress' ? transferred(event) : lineOf(event, options);
    if (line !== undefined) writeErr(line);
  };
}

/** Between two words on a transfer. */
const transferMs = 5000;

function transferTeller(): (event: Extract<Event, { type: 'task.progress' }>) => string | undefined {
  const transfer = new Transfer();
  let toldAt: number | undefined;
  return (event) => {
    if (event.unit !== 'bytes') return undefined;
    transfer.note(event);
    toldAt ??= event.at;
    if (event.at - toldAt < transferMs) return undefined;
    toldAt = event.at;
    const text = transfer.text();
    return text === undefined ? undefined : `fetch   ${text}`;
  };
}

function lineOf(event: Event, { verbose, serial, style }: PlainOptions): string | undefined {
  switch (event.type) {
    case 'task.started':
      return verbose ? style.dim(`start   ${event.task}`) : undefined;
    case 'task.output':
      return verbose ? style.dim(`        ${event.task}: ${event.line}`) : undefined;
    case 'task.ended':
      return resultLine(event.result, verbose, style);
    case 'boot.started':
      return `boot    ${event.machine} (${event.accelerator})${verbose ? `\n        ${event.argv.join(' ')}` : ''}`;
    case 'boot.waiting':
      return `waiting ${event.machine}: ${event.line}`;
    case 'boot.serial':
      return serial ? `${style.dim(`${event.machine} | ${seconds(event.ms)}`)} ${event.line}` : undefined;
    case 'boot.ended':
      return `ended   ${event.machine}: ${event.outcome.end === 'passed' ? style.good('passed') : style.bad(event.outcome.end)} in ${duration(event.outcome.timing.totalMs)}`;
    case 'warning':
      return `${style.warn('warning:')} ${event.message}`;
    // Told by the command itself at its end, or of no use line by line.
    case 'run.started':
    case 'run.ended':
    case 'plan.ready':
    case 'task.progress':
    case 'operation':
    case 'boot.console':
    case 'boot.record':
    case 'failure':
      return undefined;
  }
}

/** As kernels stamp their own lines. */
function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(3).padStart(7)}`;
}

function resultLine(result: TaskResult, verbose: boolean, style: Style): string | undefined {
  switch (result.status) {
    case 'ran':
      return `ran     ${result.task} ${style.dim(duration(result.durationMs))}`;
    case 'cached':
      return verbose ? style.dim(`cached  ${result.task}`) : undefined;
    case 'failed':
      return style.bad(`failed  ${result.task}`);
    case 'skipped':
      return verbose ? style.dim(`skipped ${result.task} (${result.because} failed)`) : undefined;
  }
}
