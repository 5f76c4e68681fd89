// Makes the configured root file system from unpacked batches, in memory, in a private corner of this machine.
import { mkdir, open, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ActionContext } from '../core/action.ts';
import { SynosError } from '../core/failure.ts';
import { visible } from '../core/text.ts';
import { writeDatabase } from './database.ts';
import { type DebFacts, readFacts } from './facts.ts';
import { liveFiles, liveLinks } from './live.ts';
import { mergeTrees } from './merge.ts';
import { privateShell } from './namespace.ts';
import { type Order, orderPackages } from './order.ts';
import { innerScript, outerScript } from './root-script.ts';
import { TarWriter } from './tar-writer.ts';

export type RootParams = {
  /** Inputs are `files:0`, `debs:0`, `facts:0` and so on. */
  readonly batches: number;
  readonly epoch: number;
  readonly suite: string;
  readonly mirror: string;
  /** Of the file system in memory. */
  readonly sizeMib: number;
};

/**
 * Writes `root` (tar, xattrs and owners kept, no time after the epoch), `kernel` (Linux) and `packages` (name, version, state).
 * Throws SynosError package.conflict, package.failed, task.exit.
 */
export async function makeRoot(params: RootParams, context: ActionContext): Promise<void> {
  const numbers = Array.from({ length: params.batches }, (_, index) => index);
  const facts = (await Promise.all(numbers.map((n) => readFacts(context.input(`facts:${n}`))))).flat();
  const order = orderPackages(facts);
  await writePlan(params, facts, order, context);
  const batches = numbers.flatMap((n) => [context.input(`files:${n}`), context.input(`debs:${n}`)]);
  const outputs = ['root', 'kernel', 'packages'].map((name) => context.output(name));
  const script = join(context.work, 'outer');
  const argv = privateShell(
    script,
    context.work,
    String(params.sizeMib),
    String(params.epoch),
    ...outputs,
    ...batches,
  );
  await runScript(argv, facts, context);
  if (!(await stat(context.output('kernel')).catch(() => undefined)))
    throw new SynosError({
      code: 'artefact.invalid',
      what: 'root file system',
      reason: 'no package brought a kernel into /boot',
    });
}

// All that the scripts read.
async function writePlan(
  params: RootParams,
  facts: readonly DebFacts[],
  order: Order,
  context: ActionContext,
): Promise<void> {
  const { work } = context;
  // The base comes first, so that base-files says how /tmp and /var/mail are, and not whoever else ships them.
  const rank = (row: DebFacts): string => `${order.base.has(row.name) ? 0 : 1}${row.name}`;
  const merged = facts
    .filter((row) => order.merged.has(row.name))
    .sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
  const left = facts.filter((row) => !order.merged.has(row.name));
  const tree = mergeTrees(merged, left);
  const excluded = [...left.map((row) => row.name), ...tree.dropped];
  await writeFile(join(work, 'exclude'), excluded.map((line) => `${line}\n`).join(''));
  await writeFolders(join(work, 'folders.tar'), tree.folders);
  const alone = merged.filter((row) => !(order.base.has(row.name) && row.preinst));
  await writeDatabase(join(work, 'database'), alone, tree.dropped);
  const steps = order.steps.map((step) => `${step.verb} ${step.packages.join(' ')}\n`);
  await writeFile(join(work, 'steps'), steps.join(''));
  await writeFile(join(work, 'outer'), outerScript);
  await writeFile(join(work, 'inner'), innerScript(params.epoch));
  await writeOver(join(work, 'over'), params);
}

async function writeFolders(
  path: string,
  folders: readonly { place: string; mode: number; uid: number; gid: number; mtime: number }[],
): Promise<void> {
  await using file = await open(path, 'w');
  const writer = new TarWriter(file);
  for (const { place, mode, uid, gid, mtime } of folders)
    await writer.entry({
      name: `${place || '.'}/`,
      kind: 'dir',
      mode,
      uid,
      gid,
      size: 0,
      mtime,
      link: '',
      major: 0,
      minor: 0,
    });
  await writer.finish();
}

async function writeOver(folder: string, params: RootParams): Promise<void> {
  for (const file of liveFiles(params)) {
    const path = join(folder, file.path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, file.content, { mode: file.mode ?? 0o644 });
  }
  for (const link of liveLinks) {
    const path = join(folder, link.path);
    await mkdir(dirname(path), { recursive: true });
    await symlink(link.target, path);
  }
}

async function runScript(
  argv: [string, ...string[]],
  facts: readonly DebFacts[],
  context: ActionContext,
): Promise<void> {
  const installed = new Set<string>();
  let failed: DpkgError | undefined;
  const onLine = (line: string): void => {
    const [, name, state, message] =
      /^status: ([^ :]+)(?::[^ :]+)? ?: ([a-z-]+)(?: : (.*))?$/.exec(line) ?? [];
    if (name === undefined) return;
    if (state === 'error') failed ??= { name, message: message ?? '' };
    if (state !== 'installed' || installed.has(name)) return;
    installed.add(name);
    const { id } = context.task;
    context.emit({
      type: 'task.progress',
      task: id,
      done: installed.size,
      total: facts.length,
      unit: 'packages',
    });
  };
  try {
    await context.exec({ argv, onLine });
  } catch (error) {
    throw failed ? dpkgFailure(failed, error) : error;
  }
}

type DpkgError = { readonly name: string; readonly message: string };

function dpkgFailure(failed: DpkgError, error: unknown): unknown {
  if (!(error instanceof SynosError) || error.failure.code !== 'task.exit') return error;
  const overwrite = /trying to overwrite '([^']+)', which is also in package ([a-z0-9+.-]+)/.exec(
    failed.message,
  );
  const name = failed.name.replace(/^\/\.synos\/(.*)\.deb$/, '$1');
  if (overwrite)
    return new SynosError(
      {
        code: 'package.conflict',
        path: visible(overwrite[1] ?? ''),
        packages: [overwrite[2] ?? '', visible(name)],
      },
      { cause: error },
    );
  return new SynosError(
    {
      code: 'package.failed',
      package: visible(name),
      step: 'configure',
      tail: [...error.failure.tail, visible(failed.message)],
    },
    { cause: error },
  );
}
