// Reads the record beside an artefact: it came with a file from somewhere, so it is bounded and checked before anything of it is used.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { z } from 'zod';
import { asDigest, type Digest } from '../../core/digest.ts';
import { SynosError } from '../../core/failure.ts';
import { visible, visibleUpTo } from '../../core/text.ts';
import { type BuildRecord, recordPath } from './build-record.ts';

const digest = z
  .string()
  .refine((value) => asDigest(value) !== undefined, 'not a SHA-256')
  .transform((value) => value as Digest);
// They end on terminals and in paths: nothing that is no plain text.
const text = z
  .string()
  .max(4096)
  .transform((value) => visibleUpTo(value, 4096));

const recordSchema = z.strictObject({
  schema: z.literal('synos.build-record/1'),
  artefact: z.strictObject({ name: text, file: text, sha256: digest, bytes: z.int().min(0) }),
  synos: text,
  builtAt: text,
  git: z.strictObject({ commit: text, branch: text.nullable(), dirty: z.boolean() }).nullable(),
  inputs: z.strictObject({ lock: digest.nullable(), options: digest }),
  tools: z.array(z.strictObject({ name: text, version: text })).max(1000),
  tasks: z
    .array(
      z.strictObject({
        id: text,
        after: z.array(text).max(100_000),
        fingerprint: digest,
        outputs: z.record(text, digest),
      }),
    )
    .max(100_000),
});

const mostBytes = 64 << 20;

/** Throws SynosError file.unreadable where there is none, result.invalid where it is none. */
export function readRecord(artefact: string): BuildRecord {
  const path = recordPath(artefact);
  const parsed = recordSchema.safeParse(parse(path, readBounded(path, artefact)));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(path, issue?.path.join('.') ?? '', issue?.message ?? 'not a record of a build');
}

function readBounded(path: string, artefact: string): string {
  const file = openRecord(path, artefact);
  try {
    const { size } = fstatSync(file);
    if (size > mostBytes) throw invalid(path, '', `it is larger than ${mostBytes} bytes`);
    const buffer = Buffer.alloc(size);
    return buffer.toString('utf8', 0, readSync(file, buffer));
  } finally {
    closeSync(file);
  }
}

function openRecord(path: string, artefact: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SynosError(
      {
        code: 'file.unreadable',
        path: visible(path),
        reason:
          code === 'ENOENT'
            ? `it would say what ${visible(artefact)} was built from, and is not there`
            : String(code),
        next: 'name an artefact in the out/ of its project, or copy its record along; `synos build` writes both',
      },
      { cause: error },
    );
  }
}

function parse(path: string, content: string): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    throw invalid(path, '', visibleUpTo((error as Error).message, 200));
  }
}

function invalid(path: string, place: string, reason: string): SynosError {
  const next = 'build the artefact again: `synos build`';
  return new SynosError({
    code: 'result.invalid',
    path: visible(path),
    place: visibleUpTo(place, 200),
    reason,
    next,
  });
}
