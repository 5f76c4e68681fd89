// `synos verify`: is this file what its build recorded, is every file in it what the manifest says, and does building it again, from the
// same lock with an empty cache in another folder, give the same bytes?
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { digestOfFile } from '../../core/digest.ts';
import { type Failure, failureOf, SynosError } from '../../core/failure.ts';
import { visible } from '../../core/text.ts';
import { bytes, count, duration } from '../../core/words.ts';
import type { Inspection } from '../../iso/inspect.ts';
import { Store } from '../engine/store.ts';
import { styleFor, writeErr, writeOut } from '../ui/output.ts';
import { type BuildRecord, inputsNow } from './build-record.ts';
import { endWith, errorDocument } from './exit.ts';
import { explainDifference } from './explain-difference.ts';
import type { Flags } from './flags.ts';
import { readRecord } from './read-record.ts';
import { type Rebuilt, rebuild } from './rebuild.ts';
import { openSession, type Session } from './session.ts';
import { type CheckedParts, checkParts, type RootCheck, rootOf } from './verify-parts.ts';
import { version } from './version.ts';

type Verified = {
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly record: BuildRecord;
  readonly matches: boolean;
  readonly parts: CheckedParts | null;
  /** Where it differs from what was built, if that is still in the store. */
  readonly where: readonly string[];
  readonly root: RootCheck | null;
  /** Names of what is behind it and is not as it was. */
  readonly changed: readonly string[];
  readonly rebuilt: Rebuilt | null;
  readonly durationMs: number;
};

export async function verify(
  flags: Flags,
  args: readonly string[],
  options: { readonly [name: string]: unknown },
): Promise<number> {
  const file = resolve(args[0] ?? '');
  const record = readRecord(file);
  const session = await openSession(flags, 'verify', version());
  const work = mkdtempSync(join(tmpdir(), 'synos-verify-'));
  try {
    const verified = await look(session, flags, { file, record, work }, options['rebuild'] === true);
    const failures = failuresIn(verified);
    await session.close();
    show(flags, verified, failures);
    return endWith(failures, false);
  } finally {
    rmSync(work, { recursive: true, force: true, maxRetries: 2 });
    await session.close();
  }
}

type Question = { readonly file: string; readonly record: BuildRecord; readonly work: string };

async function look(
  session: Session,
  flags: Flags,
  { file, record, work }: Question,
  again: boolean,
): Promise<Verified> {
  const sha256 = await digestOfFile(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  const inspection = { work, signal: session.signal };
  const looked = await checkParts(file, record, inspection);
  const matches = sha256 === record.artefact.sha256;
  // The very file that was built has in it what it had then, however that was put in.
  const parts = looked && matches ? { ...looked, altered: [] } : looked;
  return {
    ...{ file, sha256, bytes: statSync(file).size, record, parts, matches },
    where: matches ? [] : await whereAltered(session, file, record, inspection),
    root: parts ? await rootOf(session, parts, record, inspection) : null,
    changed: changedSince(session, record),
    rebuilt: again ? await rebuild(session, flags, { file, record, work }) : null,
    durationMs: Date.now() - session.startedAt.getTime(),
  };
}

async function whereAltered(
  session: Session,
  file: string,
  { artefact }: BuildRecord,
  inspection: Inspection,
): Promise<string[]> {
  const store = new Store(session.home);
  if (!store.objects.has(artefact.sha256)) return [];
  return explainDifference(artefact.file, store.path(artefact.sha256), file, inspection);
}

function unreadable(file: string, error: unknown): SynosError {
  const { code } = error as NodeJS.ErrnoException;
  const reason = code === 'ENOENT' ? 'it does not exist' : failureText(error);
  return new SynosError(
    { code: 'file.unreadable', path: visible(file), reason, next: 'check its name' },
    { cause: error },
  );
}

const failureText = (error: unknown): string => {
  const failure = failureOf(error);
  return failure.code === 'internal' ? visible((error as Error).message) : failure.code;
};

// The tree may have gone on since; that is no fault of the file.
function changedSince(session: Session, record: BuildRecord): string[] {
  const now = inputsNow(session, record.tasks);
  const named = { lock: 'the lock', options: 'the configuration' } as const;
  return (['lock', 'options'] as const).flatMap((name) =>
    now[name] === record.inputs[name] ? [] : [named[name]],
  );
}

function failuresIn({
  file,
  sha256,
  bytes: size,
  record,
  matches,
  parts,
  where,
  root,
  rebuilt,
}: Verified): Failure[] {
  const failures: Failure[] = [];
  const path = visible(file);
  if (!matches) {
    const { artefact } = record;
    const rows = [...(parts?.altered ?? []), ...where].slice(0, mostRows).map((row) => `\n  ${row}`);
    const sizes = size === artefact.bytes ? '' : `, ${size} bytes in place of ${artefact.bytes}`;
    const reason = `it is not what was built: sha256:${sha256} in place of sha256:${artefact.sha256}${sizes}${rows.join('')}`;
    failures.push({ code: 'artefact.altered', path, reason });
  }
  if (root && root.differences.length > 0) {
    const rows = root.differences.slice(0, mostRows).map(differenceText);
    const more =
      root.differences.length > mostRows ? `\n  and ${root.differences.length - mostRows} more` : '';
    const reason = `${count(root.differences.length, 'entry differs', 'entries differ')} from the manifest${rows.map((row) => `\n  ${row}`).join('')}${more}`;
    failures.push({ code: 'artefact.altered', path, reason });
  }
  if (rebuilt && !rebuilt.same) failures.push(...rebuilt.failures);
  return failures;
}

const mostRows = 20;

function differenceText({ path, what, expected, found }: RootCheck['differences'][number]): string {
  if (what === 'missing' || what === 'unexpected') return `${visible(path)}: ${what}`;
  return `${visible(path)}: ${what} ${visible(found) || 'none'} in place of ${visible(expected) || 'none'}`;
}

function show(flags: Flags, verified: Verified, failures: readonly Failure[]): void {
  const { file, sha256, record, matches, parts, root, changed, rebuilt } = verified;
  if (flags.json) {
    const { errors } = errorDocument(failures) as { errors: object[] };
    writeOut(
      JSON.stringify({
        schema: 'synos.verify/1',
        ok: failures.length === 0,
        ...{ file, sha256, bytes: verified.bytes, matches },
        recorded: {
          sha256: record.artefact.sha256,
          builtAt: record.builtAt,
          commit: record.git?.commit ?? null,
        },
        parts: parts && { count: parts.count, altered: parts.altered },
        where: verified.where,
        root,
        changed,
        rebuild: rebuilt?.document ?? null,
        durationMs: verified.durationMs,
        errors,
      }),
    );
    return;
  }
  const style = styleFor(process.stdout);
  const row = (good: boolean, name: string, says: string): void =>
    writeOut(`${good ? style.good('ok     ') : style.bad('FAILED ')} ${name.padEnd(8)} ${says}`);
  row(matches, 'file', `${visible(file)}, ${bytes(verified.bytes)}, sha256:${sha256}`);
  if (parts) row(parts.altered.length === 0, 'parts', partsText(parts));
  if (root)
    row(
      root.differences.length === 0,
      'root',
      `${count(root.entries, 'entry', 'entries')} held against the manifest`,
    );
  if (rebuilt) row(rebuilt.same, 'rebuild', rebuilt.says);
  if (flags.quiet) return;
  const { git, builtAt } = record;
  const commit = git ? `, from commit ${git.commit.slice(0, 12)}${git.dirty ? ' with changes' : ''}` : '';
  writeErr(`built ${builtAt} by SynOS ${record.synos}${commit}`);
  if (changed.length > 0) writeErr(`changed here since: ${changed.join(', ')}`);
  writeErr(`looked at in ${duration(verified.durationMs)}`);
}

function partsText({ count: all, altered }: CheckedParts): string {
  const good = `${all - altered.length} of ${count(all, 'recorded file')} in it`;
  return altered.length === 0 ? good : `${good}; ${altered.join('; ')}`;
}
