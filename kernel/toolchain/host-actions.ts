// The code behind the host benchmark's tasks: link the program, and run it where nothing else of SynOS runs.
import { chmodSync, closeSync, copyFileSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Action, ActionContext, Tool } from '../../core/action.ts';
import type { Finished } from '../../core/exec.ts';
import { SynosError } from '../../core/failure.ts';
import { isObject, type Json } from '../../core/json.ts';
import { visibleLines } from '../../core/text.ts';
import { type Compiler, compilerIn, compilerTools, invalid, stringsIn } from './compilers.ts';
import { diagnosed, placeObjects } from './diagnosed.ts';
import type { HostBench, HostTrace } from './host.ts';

type LinkParams = { compiler: Compiler; objects: readonly string[] };

const xz: Tool = { name: 'xz', version: ['--version'], package: 'xz-utils' };
const xzMagic = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);
/** A little more than the kernel's decoder reads, so that it is the one to refuse. */
const mostTraceBytes = 17 << 20;
const hint = 'a trace is a file in the format AT1, plain or compressed by xz';
/** Debian's packages of the libraries; the program names them as it misses them. */
const packages: { readonly [allocator: string]: string } = {
  mimalloc: 'libmimalloc2.0',
  jemalloc: 'libjemalloc2',
  tcmalloc: 'libtcmalloc-minimal4',
};

const link: Action<LinkParams> = {
  kind: 'kernel.link-host',
  version: 1,
  tools: ({ compiler }) => compilerTools[compiler],
  parse: (params) => ({ compiler: compilerIn(params), objects: stringsIn(params, 'objects') }),
  async run({ compiler, objects }, context) {
    const folder = placeObjects(context, objects);
    const script = `-Wl,-T,${context.input('script')}`;
    await diagnosed(context, {
      argv: [compiler, '-no-pie', '-o', context.output('program'), ...objects, script, '-lpthread'],
      cwd: folder,
    });
  },
};

const run: Action<HostBench> = {
  kind: 'kernel.bench-host',
  version: 1,
  tools: ({ traces }) => (traces.some(({ file }) => file.endsWith('.xz')) ? [xz] : []),
  parse: (params) => ({
    rounds: roundsIn(params),
    workloads: stringsIn(params, 'workloads'),
    traces: tracesIn(params),
  }),
  async run({ rounds, workloads, traces }, context) {
    const program = join(context.work, 'host-bench');
    copyFileSync(context.input('program'), program); // what is in the store may be read only
    chmodSync(program, 0o755);
    const plain: { name: string; file: string; from: string }[] = [];
    for (const trace of traces)
      plain.push({ name: trace.name, file: await unpacked(trace, context), from: trace.file });
    const running = await context.start({
      argv: [
        program,
        '--output',
        context.output('results'),
        '--rounds',
        String(rounds),
        ...workloads.flatMap((name) => ['--workload', name]),
        ...plain.flatMap(({ name, file }) => ['--trace', name, file]),
      ],
    });
    const finished = await running.ended;
    context.signal.throwIfAborted();
    if (finished.exit !== 0) throw wentWrong(finished, plain, context);
  },
};

export const hostActions: readonly Action[] = [link, run];

/** A trace as it is, or what is inside of its xz file. */
async function unpacked({ name, file }: HostTrace, context: ActionContext): Promise<string> {
  if (!isXz(file)) return file;
  const target = join(context.work, `${name}.at1`);
  // No trace has more than the limit, in blocks of 512 bytes, and a small file may unpack to all of a disk.
  const command = `ulimit -f ${mostTraceBytes / 512}; exec xz -dc -- "$1" > "$2"`;
  try {
    await context.exec({ argv: ['sh', '-c', command, 'sh', file, target] });
    return target;
  } catch (error) {
    if (!(error instanceof SynosError) || error.failure.code !== 'task.exit') throw error;
    const why = error.failure.tail.at(-1) ?? `more than ${mostTraceBytes} bytes when unpacked`;
    throw new SynosError(
      { code: 'usage', message: `the trace ${file} cannot be unpacked (${why})`, hint },
      { cause: error },
    );
  }
}

function isXz(file: string): boolean {
  const start = Buffer.alloc(xzMagic.length);
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, 'r');
    readSync(descriptor, start);
    return start.equals(xzMagic);
  } catch (error) {
    throw new SynosError(
      { code: 'usage', message: `the trace ${file} cannot be read (${(error as Error).message})`, hint },
      { cause: error },
    );
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** What the program said last, as the failure that it is. */
function wentWrong(
  finished: Finished,
  traces: readonly { readonly file: string; readonly from: string }[],
  context: ActionContext,
): SynosError {
  const lines = visibleLines(finished.stderr);
  if (finished.exit === 4) {
    const missing = Object.keys(packages).filter((name) =>
      lines.includes(`host-bench: ${name} is not installed`),
    );
    return new SynosError({
      code: 'tool.missing',
      tool: missing.join(', '),
      neededFor: 'bench host, which compares with it',
      package: missing.map((name) => packages[name]).join(' '),
    });
  }
  const said = lines.at(-1)?.replace(/^host-bench: /, '') ?? '';
  if (finished.exit === 2)
    return new SynosError({
      code: 'usage',
      message: traces.reduce((text, { file, from }) => text.replace(file, () => from), said),
      hint,
    });
  return new SynosError({
    code: 'task.exit',
    task: context.task.id,
    command: 'host-bench',
    exit: finished.exit,
    signal: finished.signal,
    tail: lines.slice(-20),
  });
}

function roundsIn(params: Json): number {
  const rounds = isObject(params) ? params['rounds'] : undefined;
  if (typeof rounds === 'number' && Number.isInteger(rounds) && rounds > 0) return rounds;
  throw invalid('rounds must be a whole number above 0');
}

function tracesIn(params: Json): HostTrace[] {
  const traces = isObject(params) ? params['traces'] : undefined;
  if (!Array.isArray(traces)) throw invalid('traces must be a list');
  return traces.map((trace) => {
    const { name, file } = isObject(trace) ? trace : {};
    if (typeof name !== 'string' || typeof file !== 'string' || !/^[\w.-]{1,40}$/.test(name))
      throw invalid('a trace needs a name and a file');
    return { name, file };
  });
}
