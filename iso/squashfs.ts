// Compresses the root into the squashfs that the live system mounts.
import { availableParallelism } from 'node:os';
import type { ActionContext } from '../core/action.ts';

export type SquashParams = { readonly epoch: number; readonly level: number };

/**
 * Writes `squashfs` from the archive, which needs neither root nor a copy of the tree: owners, times, links and extended attributes
 * are taken from its headers. The number of processors does not change the result.
 */
export async function makeSquashfs(params: SquashParams, context: ActionContext): Promise<void> {
  const options = [
    ...['-tar', '-comp', 'zstd', '-Xcompression-level', String(params.level), '-xattrs'],
    ...['-root-mode', '755'],
    ...['-processors', String(availableParallelism()), '-noappend', '-no-progress', '-quiet'],
  ];
  // The shell joins the archive to standard input; paths and options are its arguments, never its text.
  const script = 'in=$1 out=$2; shift 2; exec mksquashfs - "$out" "$@" <"$in"';
  const paths = [context.input('root'), context.output('squashfs')];
  const command: [string, ...string[]] = ['sh', '-c', script, 'sh', ...paths, ...options];
  // The root folder is not taken from the archive: it belongs to whoever runs this (4.5.1, whatever -root-uid says), so to root.
  const isRoot = process.getuid?.() === 0;
  await context.exec({
    argv: isRoot ? command : ['unshare', '--user', '--map-root-user', '--', ...command],
    // Its options for times leave the root's own time as it is (4.5.1); this reaches that, too.
    env: { SOURCE_DATE_EPOCH: String(params.epoch) },
  });
}
