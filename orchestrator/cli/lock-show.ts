// What a lock came to: changes with versions, where they come from and what they weigh, and what newer there would be.
import { bytes, count } from '../../core/words.ts';
import type { LockChange, Relocked } from '../../iso/relock.ts';
import { styleFor, writeErr, writeOut } from '../ui/output.ts';
import type { Flags } from './flags.ts';

type Weight = { readonly download: number; readonly installed: number };

export function showLock(flags: Flags, made: Relocked, file: string): void {
  const packages = made.lock.packages.length;
  const total = sum(made.changes.map(weigh));
  if (flags.json) {
    const changes = made.changes.map(changeDocument);
    const { written, stale, updates } = made;
    writeOut(
      JSON.stringify({ schema: 'synos.lock/1', file, written, stale, packages, ...total, changes, updates }),
    );
    return;
  }
  const wide = Math.max(0, ...made.changes.map((change) => change.name.length));
  for (const change of made.changes) writeOut(changeText(change, Math.min(wide, 40)));
  if (flags.quiet) return;
  writeErr(`${file}: ${count(packages, 'package')}, ${ending(made, total)}`);
  const left = updatesText(made);
  if (left) writeErr(left);
}

function weigh({ before, after }: LockChange): Weight {
  const fetched = after && after.sha256 !== before?.sha256 ? after.size : 0;
  return {
    download: fetched,
    installed: ((after?.installedKib ?? 0) - (before?.installedKib ?? 0)) * 1024,
  };
}

function sum(weights: readonly Weight[]): Weight {
  return weights.reduce(
    (all, one) => ({ download: all.download + one.download, installed: all.installed + one.installed }),
    { download: 0, installed: 0 },
  );
}

function changeDocument(change: LockChange): object {
  const { name, before, after, reason } = change;
  return {
    name,
    from: before?.version ?? null,
    to: after?.version ?? null,
    fromArchive: before?.archive ?? null,
    toArchive: after?.archive ?? null,
    ...weigh(change),
    reason: reason ?? null,
  };
}

function changeText(change: LockChange, wide: number): string {
  const style = styleFor(process.stdout);
  const { name, before, after, reason } = change;
  const paint = { '+': style.good, '-': style.bad, '~': style.warn } as const;
  const sign = signOf(change);
  const same = before && after && before.version === after.version;
  const versions = same ? before.version : [before?.version, after?.version].filter(Boolean).join(' -> ');
  const archive = after && after.archive !== 'debian' ? ` [${after.archive}]` : '';
  const moved = same ? ` (${movedText(change)})` : '';
  const because = reason ? ` (${reason})` : '';
  return `${paint[sign](sign)} ${name.padEnd(wide)} ${versions}${style.bold(archive)}${moved}${because}`;
}

function movedText({ before, after }: LockChange): string {
  if (before?.sha256 !== after?.sha256) return 'other bytes under the same version';
  return before?.archive === after?.archive ? 'lies elsewhere' : `was in ${before?.archive}`;
}

function signOf({ before, after }: LockChange): '+' | '-' | '~' {
  if (!before) return '+';
  return after ? '~' : '-';
}

function ending({ written, changes, stale }: Relocked, { download, installed }: Weight): string {
  if (changes.length === 0 && !stale && !written) return 'current';
  const grown = `${installed < 0 ? '-' : '+'}${bytes(Math.abs(installed))}`;
  const weight = changes.length > 0 ? ` (${bytes(download)} to fetch, ${grown} installed)` : '';
  const done = written ? 'written' : 'not written: run it without --check';
  return `${count(changes.length, 'change')}${weight}, ${done}`;
}

function updatesText({ updates }: Relocked): string | undefined {
  if (updates.length === 0) return undefined;
  const security = updates.filter((update) => update.archive === 'security').length;
  const shown = updates.slice(0, 4).map(({ name, to }) => `${name} ${to}`);
  const more = updates.length > shown.length ? ', ...' : '';
  const marked = security > 0 ? `, ${security} of them for security` : '';
  return `newer: ${count(updates.length, 'package')}${marked} (${shown.join(', ')}${more}); \`synos lock --upgrade\` takes all, \`--update NAME\` one`;
}
