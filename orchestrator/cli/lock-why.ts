// `synos lock --why NAME`: the way from a list to a locked package, read from the lock alone.
import { join } from 'node:path';
import { SynosError } from '../../core/failure.ts';
import { nearest } from '../../core/near.ts';
import { bytes } from '../../core/words.ts';
import type { IsoOptions } from '../../iso/options.ts';
import { type LockedPackage, readLock } from '../../iso/plan.ts';
import { writeOut } from '../ui/output.ts';
import type { Flags } from './flags.ts';
import { configured } from './session.ts';

export async function lockWhy(flags: Flags, name: string): Promise<number> {
  const { config, tree } = await configured(flags);
  const file = config.iso.lock;
  const rows = new Map(readLock(join(tree, file), config.iso).packages.map((row) => [row.name, row]));
  const row = rows.get(name);
  if (!row)
    throw new SynosError({
      code: 'name.unknown',
      kind: 'locked package',
      name,
      near: nearest(name, rows.keys()),
      where: file,
    });
  const chain = chainTo(row, rows);
  const { version, archive, group, size, installedKib } = row;
  if (flags.json) {
    const way = chain.map((each) => ({ name: each.name, version: each.version, why: each.why }));
    writeOut(JSON.stringify({ schema: 'synos.lock-why/1', name, version, archive, group, chain: way }));
    return 0;
  }
  writeOut(
    `${name} ${version} from ${archive}, group ${group} (${bytes(size)}, ${bytes(installedKib * 1024)} installed)`,
  );
  for (const [depth, each] of chain.entries())
    writeOut(`${'  '.repeat(depth + 1)}${depth === 0 ? `${rootText(each.why)}: ` : 'needs '}${each.name}`);
  return 0;
}

/** For completion. */
export function lockedNames(options: IsoOptions, tree: string): string[] {
  return readLock(join(tree, options.lock), options).packages.map((row) => row.name);
}

/** From what was asked for to the package itself. A lock whose reasons form a circle ends where it closes. */
function chainTo(row: LockedPackage, rows: ReadonlyMap<string, LockedPackage>): LockedPackage[] {
  const chain = [row];
  for (let at: LockedPackage | undefined = row; at; ) {
    const needer: string | undefined = /^needed-by:(.*)$/.exec(at.why)?.[1];
    at = needer === undefined ? undefined : rows.get(needer);
    if (at && chain.includes(at)) break;
    if (at) chain.unshift(at);
  }
  return chain;
}

function rootText(why: string): string {
  if (why === 'essential') return 'every Debian system has (Essential)';
  if (why === 'required') return 'every Debian system has (Priority: required)';
  const lists = [...why.matchAll(/list:(\S+)/g)].map((found) => found[1]);
  return lists.length > 0 ? `${lists.length > 1 ? 'lists' : 'list'} ${lists.join(', ')}` : why;
}
