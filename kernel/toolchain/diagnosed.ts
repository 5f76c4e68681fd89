// One run of a compiler or linker, and its complaints.
import { closeSync, mkdirSync, openSync, readSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ActionContext } from '../../core/action.ts';
import type { Command } from '../../core/exec.ts';
import { SynosError } from '../../core/failure.ts';
import { inside } from '../../core/path.ts';
import { visibleUpTo } from '../../core/text.ts';

/** Lines that a compiler's failure shows: the first ones, since what follows the first error is often only its echo. */
const firstLines = 40;
const mostLineLength = 500;
const messageBytes = 64 << 10;
/**
 * Runs a compiler or linker; what it says goes to a file, since two pipes cost more than the rest of the start. What it complains about
 * first is what the failure shows.
 */
export async function diagnosed(context: ActionContext, command: Command): Promise<void> {
  const path = join(context.work, 'messages');
  const file = openSync(path, 'w');
  try {
    await context.exec({ ...command, brief: true, outputTo: file });
    for (const line of messagesIn(path)) context.emit({ type: 'task.output', task: context.task.id, line });
  } catch (error) {
    if (!(error instanceof SynosError)) throw error;
    const { failure } = error;
    if (failure.code !== 'task.exit' && failure.code !== 'task.timeout') throw error;
    throw new SynosError({ ...failure, tail: messagesIn(path) }, { cause: error });
  } finally {
    closeSync(file);
  }
}

function messagesIn(path: string): string[] {
  if (statSync(path).size === 0) return [];
  const file = openSync(path, 'r');
  try {
    const data = Buffer.alloc(messageBytes);
    const text = data.toString('utf8', 0, readSync(file, data));
    const lines = text.split('\n', firstLines + 1).slice(0, firstLines);
    return lines.filter((line) => line !== '').map((line) => visibleUpTo(line, mostLineLength));
  } finally {
    closeSync(file);
  }
}

/** Puts the objects that a link reads under their names into a folder of its own, and returns that. */
export function placeObjects(context: ActionContext, objects: readonly string[]): string {
  const folder = join(context.work, 'objects');
  for (const path of new Set(objects.map((name) => dirname(inside(folder, name)))))
    mkdirSync(path, { recursive: true });
  // The linker writes the names of assembly objects into the symbol table, so they get real ones, and the same ones everywhere.
  for (const name of objects) symlinkSync(context.input(name), join(folder, name));
  return folder;
}
