// Events as a live task list on a terminal (listr2): one row a stage, with what runs in it now below the row.
import type { Event } from '../../core/event.ts';
import type { TaskId } from '../../core/task.ts';
import { duration } from '../../core/words.ts';
import { columnsOf } from './output.ts';
import { Transfer } from './transfer.ts';

type Stage = {
  name: string;
  total: number;
  ended: number;
  cached: number;
  failed: boolean;
  startedAt: number;
  running: Map<TaskId, { title: string; progress: string; transfers: boolean }>;
  transfer: Transfer;
  settle: { resolve(): void; reject(error: Error): void };
  done: Promise<void>;
  show: ((title: string, output: string) => void) | undefined;
};

export type Progress = {
  reader: (event: Event) => void;
  /** Draws the last state and gives the terminal back. */
  close(): Promise<void>;
};

const stageNames: { readonly [prefix: string]: string } = { kernel: 'Kernel', iso: 'Image', boot: 'Boot' };

/** Loads listr2 late: only a terminal needs it. */
export async function liveProgress(stream: NodeJS.WriteStream): Promise<Progress> {
  const { Listr, ListrLogger, ProcessOutput } = await import('listr2');
  const stages = new Map<string, Stage>();
  const titles = new Map<TaskId, string>();
  let list: Promise<unknown> = Promise.resolve();

  const draw = (tasks: readonly { id: TaskId; title: string }[]): void => {
    for (const { id, title } of tasks) {
      titles.set(id, title);
      stageOf(id, stages).total++;
    }
    const logger = new ListrLogger({ processOutput: new ProcessOutput(stream, stream) });
    list = new Listr(
      [...stages.values()].map((stage) => ({
        title: stage.name,
        rendererOptions: { outputBar: 1, persistentOutput: false },
        task: (_: unknown, row: { title: string; output: string }) => {
          stage.show = (title, output) => {
            row.title = title;
            row.output = output;
          };
          show(stage, columnsOf(stream));
          return stage.done;
        },
      })),
      {
        concurrent: true,
        exitOnError: false,
        silentRendererCondition: false,
        rendererOptions: { logger, collapseErrors: true, showErrorMessage: false, removeEmptyLines: true },
      } as object,
    )
      .run()
      .catch(() => {});
  };

  return {
    reader: (event) => {
      if (event.type === 'plan.ready') draw(event.tasks);
      else if ('task' in event) follow(event, stages, titles, columnsOf(stream));
    },
    close: async () => {
      for (const stage of stages.values()) stage.settle.resolve();
      await list;
    },
  };
}

function stageOf(id: TaskId, stages: Map<string, Stage>): Stage {
  const prefix = id.split(/[:/]/)[0] ?? id;
  const known = stages.get(prefix);
  if (known) return known;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  promise.catch(() => {}); // a stage that fails before its row is drawn is no unhandled rejection
  const stage: Stage = {
    name: stageNames[prefix] ?? prefix,
    total: 0,
    ended: 0,
    cached: 0,
    failed: false,
    startedAt: 0,
    running: new Map(),
    transfer: new Transfer(),
    settle: { resolve, reject },
    done: promise,
    show: undefined,
  };
  stages.set(prefix, stage);
  return stage;
}

function follow(
  event: Extract<Event, { task: TaskId }>,
  stages: Map<string, Stage>,
  titles: ReadonlyMap<TaskId, string>,
  columns: number,
): void {
  const stage = stageOf(event.task, stages);
  switch (event.type) {
    case 'task.started':
      stage.startedAt ||= event.at;
      stage.running.set(event.task, {
        title: titles.get(event.task) ?? event.task,
        progress: '',
        transfers: false,
      });
      break;
    case 'task.progress':
      goOn(event, stage);
      break;
    case 'task.ended':
      stage.running.delete(event.task);
      stage.ended++;
      if (event.result.status === 'cached') stage.cached++;
      if (event.result.status === 'failed') stage.failed = true;
      break;
    case 'task.output':
      return;
  }
  show(stage, columns);
  if (stage.ended < stage.total) return;
  if (stage.failed) stage.settle.reject(new Error(stage.name));
  else stage.settle.resolve();
}

function goOn(event: Extract<Event, { type: 'task.progress' }>, stage: Stage): void {
  const row = stage.running.get(event.task);
  if (event.unit === 'bytes') stage.transfer.note(event);
  if (row && event.unit === 'bytes') row.transfers = true;
  else if (row) row.progress = `${event.done}/${event.total} ${event.unit}`;
}

function show(stage: Stage, columns: number): void {
  const ran = stage.ended - stage.cached;
  const cached = stage.cached > 0 ? `, ${stage.cached} cached` : '';
  const took = stage.startedAt > 0 ? `, ${duration(Date.now() - stage.startedAt)}` : '';
  const title = `${stage.name}: ${stage.ended}/${stage.total}${stage.ended > 0 ? ` (${ran} ran${cached}${took})` : ''}`;
  const coming = stage.transfer.text();
  const rows = [...stage.running.values()].filter((row) => !row.transfers);
  const now = [
    ...(coming === undefined ? [] : [`fetch ${coming}`]),
    ...rows.map((row) => `${row.title}${row.progress ? ` ${row.progress}` : ''}`),
  ];
  stage.show?.(clip(title, columns - 4), clip(now.join(', '), columns - 6));
}

function clip(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(1, columns - 1))}…`;
}
