// What came out of somebody else's build: taken where it should be, or told what is there instead.
import { constants, copyFileSync, lstatSync, readdirSync, realpathSync, renameSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { ActionContext } from '../../core/action.ts';
import { SynosError } from '../../core/failure.ts';
import { inside, isInside } from '../../core/path.ts';
import { visibleUpTo } from '../../core/text.ts';
import { likeliest } from './likeliest.ts';

const mostLooked = 20_000;
const longestPath = 200;

export type Outputs = { readonly [name: string]: string };

/** From the folder of a build into the outputs of its task. `keep`: the folder is used again, so its files stay. */
export function takeOutputs(context: ActionContext, copy: string, outputs: Outputs, keep: boolean): void {
  const root = realpathSync(copy);
  for (const [name, path] of Object.entries(outputs)) {
    const file = realFile(root, path);
    if (file === undefined) throw missing(context, root, { name, path });
    const target = context.output(name);
    const { nlink, size } = lstatSync(file);
    if (size === 0)
      throw new SynosError({
        code: 'artefact.invalid',
        what: visibleUpTo(path, longestPath),
        reason: `the command left it empty (outputs.${name})`,
      });
    // Two outputs may be one file.
    const shared =
      keep ||
      nlink > 1 ||
      Object.values(outputs).filter((other) => realFile(root, other) === file).length > 1;
    if (shared) copyFileSync(file, target, constants.COPYFILE_FICLONE);
    else renameSync(file, target);
  }
}

/** A link may lead to another file of the build, but not out of it. */
function realFile(root: string, path: string): string | undefined {
  try {
    const file = realpathSync(inside(root, path));
    return isInside(root, file) && lstatSync(file).isFile() ? file : undefined;
  } catch {
    return undefined;
  }
}

function missing(
  context: ActionContext,
  root: string,
  { name, path }: { name: string; path: string },
): SynosError {
  const there = likeliest(path, newFiles(root, new Set(Object.keys(context.task.inputs))));
  return new SynosError({
    code: 'task.output-missing',
    task: context.task.id,
    output: name,
    path: visibleUpTo(path, longestPath),
    there: there.map((other) => visibleUpTo(other, longestPath)),
  });
}

/** Files that were not copied there, breadth first, so that a deep tree does not hide what lies on top. */
function newFiles(root: string, inputs: ReadonlySet<string>): string[] {
  const found: string[] = [];
  const folders = [root];
  for (const folder of folders) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      const way = relative(root, path);
      if (entry.isDirectory() && way !== '.synos') folders.push(path);
      else if (entry.isFile() && !inputs.has(way)) found.push(way);
      if (found.length > mostLooked) return found;
    }
  }
  return found;
}
