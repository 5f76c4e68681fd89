// The traces of `synos boot --trace`: read, unpacked and looked through before anything runs, and put together where a task finds them.
import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { find, run } from '../../core/exec.ts';
import { SynosError } from '../../core/failure.ts';
import { visible } from '../../core/text.ts';
import type { Traces } from '../plan/pipeline.ts';
import { archiveOf, type TraceFile, traceFault, traceLimits, traceName } from './trace-file.ts';

/** As many as the kernel takes (kernel/bench/trace_files.h). */
const mostTraces = 16;
/** What the kernel calls the replay of all of them. */
const reserved = 'all-together';

/** Reads all files; throws SynosError usage for the first that is no trace, and tool.missing where xz is needed and not there. */
export async function readTraces(files: readonly string[]): Promise<TraceFile[]> {
  if (files.length > mostTraces) throw wrong(`at most ${mostTraces} traces can be replayed at once`);
  const traces: TraceFile[] = [];
  for (const file of files) {
    const name = traceName(file);
    if (name === reserved) throw wrong(`a trace cannot be called ${reserved}: all traces together are`);
    if (traces.some((other) => other.name === name)) throw wrong(`two traces are called ${name}`);
    const bytes = await readTrace(file);
    const fault = traceFault(bytes);
    if (fault) throw wrong(`--trace ${visible(file)}: it ${fault}`);
    traces.push({ name, bytes });
  }
  return traces;
}

/**
 * Puts them together in the cache, under the digest of all of it: a task's input is a file of the project, and traces may lie anywhere.
 * `dryRun` names the file and does not write it.
 */
export function placeTraces(
  traces: readonly TraceFile[],
  place: { readonly tree: string; readonly cache: string },
  dryRun: boolean,
): Traces | undefined {
  if (traces.length === 0) return undefined;
  const archive = archiveOf(traces);
  const folder = join(place.cache, 'traces');
  const file = join(folder, `${createHash('sha256').update(archive).digest('hex')}.cpio`);
  if (!dryRun && !existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    const part = `${file}.${randomBytes(4).toString('hex')}.part`;
    writeFileSync(part, archive);
    renameSync(part, file);
  }
  return { path: relative(place.tree, file), count: traces.length };
}

async function readTrace(file: string): Promise<Buffer> {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found?.isFile())
    throw wrong(`--trace ${visible(file)}: ${found ? 'it is no file' : 'there is no such file'}`);
  if (found.size > traceLimits.bytes) throw wrong(`--trace ${visible(file)}: it is larger than 16 MiB`);
  const bytes = readFileSync(file);
  return bytes.subarray(0, 6).toString('hex') === 'fd377a585a00' ? unpack(file) : bytes;
}

// Into a file whose size the system limits: what a few bytes of xz unpack to has no bound of its own.
async function unpack(file: string): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'synos-trace-'));
  const output = openSync(join(folder, 'trace'), 'w');
  try {
    const limits = ['--memlimit-decompress=256MiB', '--', file];
    const { exit, timedOut } = await run({
      argv: [
        'prlimit',
        `--fsize=${traceLimits.bytes}`,
        '--',
        xz(),
        '--decompress',
        '--stdout',
        '-qq',
        ...limits,
      ],
      outputTo: output,
      limitMs: 60_000,
    });
    if (exit !== 0 || timedOut)
      throw wrong(`--trace ${visible(file)}: xz cannot unpack it into 16 MiB or less`);
    return readFileSync(join(folder, 'trace'));
  } finally {
    closeSync(output);
    rmSync(folder, { recursive: true, force: true });
  }
}

function xz(): string {
  const found = find('xz');
  if (found) return found;
  throw new SynosError({
    code: 'tool.missing',
    tool: 'xz',
    neededFor: 'unpacking a trace',
    package: 'xz-utils',
  });
}

function wrong(message: string): SynosError {
  return new SynosError({
    code: 'usage',
    message,
    hint: 'docs/kernel.md says what an allocation trace is; plain and .xz files are taken',
  });
}
