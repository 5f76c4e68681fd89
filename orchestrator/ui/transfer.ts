// All tasks that count bytes as one transfer: how much is there, how fast it comes, how long it still takes.
import type { Event } from '../../core/event.ts';
import type { TaskId } from '../../core/task.ts';
import { bytes } from '../../core/words.ts';

type Progress = Extract<Event, { type: 'task.progress' }>;

/** The rate is that of the last seconds. */
const windowMs = 5000;

export class Transfer {
  readonly #tasks = new Map<TaskId, { done: number; total: number }>();
  /** Bytes that came since the start, as they were at a time. What a task found there when it began did not come. */
  readonly #came: { at: number; bytes: number }[] = [];
  #bytes = 0;

  note({ at, task, done, total }: Progress): void {
    const before = this.#tasks.get(task);
    this.#bytes += before ? done - before.done : 0;
    this.#tasks.set(task, { done, total });
    this.#came.push({ at, bytes: this.#bytes });
    while (this.#came.length > 2 && (this.#came[1] as { at: number }).at < at - windowMs) this.#came.shift();
  }

  /** `41.2 of 149.3 MiB, 24 MiB/s, 5 s left`; undefined where nothing is to come. */
  text(): string | undefined {
    let done = 0;
    let total = 0;
    for (const task of this.#tasks.values()) {
      done += task.done;
      total += task.total;
    }
    if (done >= total) return undefined;
    const rate = this.#rate();
    const amount = `${bytes(done)} of ${bytes(total)}`;
    return rate > 0 ? `${amount}, ${bytes(Math.round(rate))}/s, ${left((total - done) / rate)} left` : amount;
  }

  // Per second; 0 while there is too little to tell.
  #rate(): number {
    const [first, last] = [this.#came[0], this.#came.at(-1)];
    if (!first || !last || last.at - first.at < 200) return 0;
    return Math.max(0, ((last.bytes - first.bytes) / (last.at - first.at)) * 1000);
  }
}

function left(seconds: number): string {
  if (seconds > 99 * 3600) return 'days';
  const whole = Math.max(1, Math.ceil(seconds));
  if (whole < 100) return `${whole} s`;
  return whole < 6000 ? `${Math.ceil(whole / 60)} min` : `${Math.ceil(whole / 3600)} h`;
}
