// What one run of an action may touch (core/action.ts ActionContext), and the end of everything that it started.
import { join } from 'node:path';
import type { ActionContext, Tool } from '../../core/action.ts';
import type { Emit } from '../../core/event.ts';
import { type Command, type Finished, type Running, start } from '../../core/exec.ts';
import { SynosError } from '../../core/failure.ts';
import type { Task } from '../../core/task.ts';
import { visibleUpTo } from '../../core/text.ts';

/** Lines of a command that a failure shows, the last ones. */
const tailLines = 40;
/** Lines of one task that are told as events; a flood is nobody's reading. */
const mostLines = 5000;
const mostLineLength = 2000;

export type RunPlace = {
  readonly task: Task;
  readonly tree: string;
  readonly work: string;
  readonly shared: string;
  readonly offline: boolean;
  readonly tools: readonly Tool[];
  /** Absolute path of each declared input. */
  readonly inputs: { readonly [name: string]: string };
  readonly emit: Emit;
  readonly signal: AbortSignal;
};

export type Run = {
  readonly context: ActionContext;
  /** Relative paths that the action discovered, each once, sorted. */
  found(): readonly string[];
  /** Ends every process that is still there. */
  close(): Promise<void>;
};

/** Where an action must write an output, below its work folder. */
export function outputPath(work: string, name: string): string {
  return join(work, 'out', encodeURIComponent(name).replace(/^\./, '%2E'));
}

export function openRun(place: RunPlace): Run {
  const { task } = place;
  const found = new Set<string>();
  const alive = new Set<Running>();
  const tell = lineTeller(place);

  const begin = async (command: Command, tail: string[]): Promise<Running> => {
    const running = await started(place, {
      ...command,
      cwd: command.cwd ?? place.work,
      env: { TMPDIR: place.work, ...command.env },
      signal: command.signal ? AbortSignal.any([command.signal, place.signal]) : place.signal,
      onLine: (line) => {
        tail.push(line);
        if (tail.length > tailLines) tail.shift();
        tell(line);
        command.onLine?.(line);
      },
    });
    alive.add(running);
    void running.ended.then(() => alive.delete(running));
    return running;
  };

  const context: ActionContext = {
    task,
    tree: place.tree,
    work: place.work,
    shared: place.shared,
    offline: place.offline,
    input: (name) => place.inputs[name] ?? undeclared(task, 'input', name),
    output: (name) =>
      task.outputs.includes(name) ? outputPath(place.work, name) : undeclared(task, 'output', name),
    start: (command) => begin(command, []),
    async exec(command) {
      const tail: string[] = [];
      const running = await begin(command, tail);
      return ended(place, command, await running.ended, tail);
    },
    discovered(paths) {
      for (const path of paths) found.add(path);
    },
    emit: place.emit,
    signal: place.signal,
  };
  return {
    context,
    found: () => [...found].sort(),
    async close() {
      await Promise.all([...alive].map((running) => running.end()));
    },
  };
}

async function started(place: RunPlace, command: Command): Promise<Running> {
  place.signal.throwIfAborted();
  try {
    return await start(command);
  } catch (error) {
    if (!(error instanceof SynosError) || error.failure.code !== 'tool.missing') throw error;
    const tool = place.tools.find(({ name }) => name === command.argv[0]);
    throw new SynosError({
      code: 'tool.missing',
      tool: command.argv[0],
      neededFor: place.task.title,
      package: tool?.package ?? command.argv[0],
    });
  }
}

// The runner knows why it aborted, so an abort is told by its own reason there.
function ended(place: RunPlace, command: Command, finished: Finished, tail: readonly string[]): Finished {
  if (finished.exit === 0 && !finished.timedOut) return finished;
  place.signal.throwIfAborted();
  const lines = tail.map((line) => visibleUpTo(line, mostLineLength));
  const task = place.task.id;
  const name = command.argv[0];
  if (finished.timedOut)
    throw new SynosError({
      code: 'task.timeout',
      task,
      command: name,
      limitMs: command.limitMs ?? 0,
      tail: lines,
    });
  const { exit, signal } = finished;
  throw new SynosError({ code: 'task.exit', task, command: name, exit, signal, tail: lines });
}

function lineTeller(place: RunPlace): (line: string) => void {
  const task = place.task.id;
  let told = 0;
  return (line) => {
    told++;
    if (told <= mostLines) place.emit({ type: 'task.output', task, line: visibleUpTo(line, mostLineLength) });
    if (told === mostLines)
      place.emit({
        type: 'task.output',
        task,
        line: `(more than ${mostLines} lines; the rest is not shown)`,
      });
  };
}

function undeclared(task: Task, what: string, name: string): never {
  throw new SynosError({
    code: 'internal',
    message: `${task.id} asks for the ${what} ${JSON.stringify(name)}, which it does not declare`,
  });
}
