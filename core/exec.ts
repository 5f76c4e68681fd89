// The one door to processes. Every child leads a process group of its own, gets only the environment that it is given, dies with
// SynOS even when that is killed with SIGKILL, and is ended as a group on a time limit or an abort.
//
// Built on node:child_process directly: groups, death signals and bounded output are ours to hold anyway, and loading execa for the
// rest costs 30 ms of CPU at every start, a fifth of what one boot may cost.
import type { ChildProcess } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { nowMs } from './clock.ts';
import { SynosError } from './failure.ts';

export type Command = {
  readonly argv: readonly [string, ...string[]];
  readonly cwd?: string;
  /** Added to the base environment (PATH, HOME, LANG, TZ); nothing else of SynOS's own is handed on. */
  readonly env?: { readonly [name: string]: string };
  /** Standard input; a list is written one after the other, without a copy. */
  readonly input?: string | Uint8Array | readonly Uint8Array[];
  readonly limitMs?: number;
  readonly signal?: AbortSignal;
  /** Bytes of each stream that are kept, the last ones; default 1 MiB. */
  readonly keepBytes?: number;
  /** A file descriptor of SynOS's for the child's standard output and error, instead of keeping them. */
  readonly outputTo?: number;
  /** True: standard output is `Running.stdout`, for the caller to read, and is not kept. */
  readonly streamed?: boolean;
  /**
   * True for a command that ends by itself within seconds and starts children of its own, as a compiler: it need not die with SynOS (its
   * children would not), which saves the start of one process.
   */
  readonly brief?: boolean;
  /** True: the child finds one end of a socket pair at descriptor 3, `Running.channel` is the other. */
  readonly channel?: boolean;
  /** True, beside `channel`: another socket pair, at descriptor 4. */
  readonly sideChannel?: boolean;
  /** A file descriptor of SynOS's that the child finds at 4, where there is no `sideChannel`. */
  readonly descriptor?: number | undefined;
  /** Each line of standard output and error as it comes, unescaped. */
  readonly onLine?: (line: string) => void;
};

export type Finished = {
  readonly argv: readonly string[];
  readonly exit: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
  readonly timedOut: boolean;
  readonly aborted: boolean;
};

export type Running = {
  readonly pid: number;
  readonly channel: Duplex | undefined;
  readonly sideChannel: Duplex | undefined;
  readonly stdout: Readable | undefined;
  /** Resolves when the process is gone and its streams are read; never rejects. */
  readonly ended: Promise<Finished>;
  /** TERM to the group, KILL after the grace; resolves when it is gone. */
  end(graceMs?: number): Promise<void>;
};

const graceDefaultMs = 2000;
/** How long the output of a process that is gone may still come. */
const drainMs = 1000;

/** Runs a program to its end. Throws only when it cannot be started (tool.missing); how it ended is in the result. */
export async function run(command: Command): Promise<Finished> {
  const running = await start(command);
  return running.ended;
}

/** Starts a program; resolves when it runs. Throws SynosError tool.missing when there is none of that name. */
export async function start(command: Command): Promise<Running> {
  command.signal?.throwIfAborted();
  const [name, ...rest] = command.argv;
  const file = find(name);
  if (!file)
    throw new SynosError({ code: 'tool.missing', tool: name, neededFor: 'this step', package: name });
  const started = nowMs();
  // Late: a build that has nothing to do starts no process.
  const { spawn } = process.getBuiltinModule('node:child_process');
  const argv = command.brief ? [file, ...rest] : dyingWithUs([file, ...rest]);
  const child = spawn(argv[0] as string, argv.slice(1), {
    cwd: command.cwd,
    env: { ...baseEnvironment(), ...command.env },
    detached: true,
    stdio: [
      command.input === undefined ? 'ignore' : 'pipe',
      command.outputTo ?? 'pipe',
      command.outputTo ?? 'pipe',
      ...(command.channel ? (['pipe'] as const) : []),
      ...(command.sideChannel ? (['pipe'] as const) : []),
      ...(command.descriptor === undefined ? [] : [command.descriptor]),
    ],
  });
  await spawned(child, name);
  if (command.input !== undefined) {
    child.stdin?.on('error', () => {}); // a child that does not read its input is not our error
    const whole = typeof command.input === 'string' || command.input instanceof Uint8Array;
    for (const piece of whole ? [command.input as string | Uint8Array] : command.input)
      child.stdin?.write(piece);
    child.stdin?.end();
  }
  return watch(child, command, started);
}

// setpriv: the kernel kills the child when SynOS dies, however it dies. Who died before that was arranged is no parent any more, which the
// shell sees.
function dyingWithUs(argv: readonly string[]): string[] {
  const script = '[ "$PPID" = "$0" ] && unset PWD && exec "$@"'; // dash would hand it on
  return ['setpriv', '--pdeathsig', 'KILL', '--', '/bin/sh', '-c', script, String(process.pid), ...argv];
}

/**
 * Runs a program that answers within milliseconds, where nothing else goes on: planning waits for it. Undefined when it is missing, fails, or
 * says more than 64 MiB.
 */
export function ask(argv: readonly [string, ...string[]], cwd: string): string | undefined {
  const [name, ...rest] = argv;
  const file = find(name);
  if (!file) return undefined;
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const { status, stdout } = spawnSync(file, rest, {
    cwd,
    env: baseEnvironment(),
    stdio: ['ignore', 'pipe', 'ignore'],
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    timeout: 20_000,
    killSignal: 'SIGKILL',
  });
  return status === 0 ? stdout : undefined;
}

/** The absolute path of a program on PATH, or undefined. */
export function find(name: string): string | undefined {
  if (isAbsolute(name)) return isExecutable(name) ? name : undefined;
  if (name.includes('/'))
    return isExecutable(join(process.cwd(), name)) ? join(process.cwd(), name) : undefined;
  for (const folder of searchPath().split(delimiter)) {
    const path = `${folder}/${name}`;
    if (isAbsolute(folder) && isExecutable(path)) return path;
  }
  return undefined;
}

/** What every child gets. The locale and the zone are fixed, so that no output depends on who runs it. */
export function baseEnvironment(): Record<string, string> {
  return {
    PATH: searchPath(),
    HOME: process.env['HOME'] ?? '/root',
    LANG: 'C.UTF-8',
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
  };
}

// Debian keeps mkfs, debugfs and others in sbin, which a user's PATH may lack. What `npm run` puts in front is left out: a task must
// get the same environment, and so hit the same cache, whether npm started SynOS or not.
function searchPath(): string {
  const own = (process.env['PATH'] ?? '/usr/bin:/bin').split(delimiter);
  const folders = own.filter((folder) => !/\/node_modules\/|\/node-gyp-bin$/.test(folder));
  return [...new Set([...folders, '/usr/local/sbin', '/usr/sbin', '/sbin'])].join(delimiter);
}

function isExecutable(path: string): boolean {
  try {
    // Most folders on PATH have it not, and an exception costs fifty times the answer.
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return false;
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function spawned(child: ChildProcess, name: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) =>
      reject(
        new SynosError(
          { code: 'internal', message: `${name} could not be started: ${error.message}` },
          { cause: error },
        ),
      ),
    );
  });
}

function watch(child: ChildProcess, command: Command, started: number): Running {
  const pid = child.pid as number; // set since 'spawn' was emitted
  const stop = { timedOut: false, aborted: false };
  const stdout = command.streamed ? () => '' : keep(child.stdout, command);
  const stderr = keep(child.stderr, command);
  // Node throws away at a child's end what nobody listens for.
  if (command.streamed) child.stdout?.on('readable', () => {});
  let gone = false;
  const end = async (graceMs = graceDefaultMs): Promise<void> => {
    if (gone) return;
    if (command.streamed) child.stdout?.destroy(); // nobody reads on, and the end of it is waited for
    killGroup(pid, 'SIGTERM');
    const killer = setTimeout(() => killGroup(pid, 'SIGKILL'), graceMs);
    await ended;
    clearTimeout(killer);
  };
  const onAbort = (): void => {
    stop.aborted = true;
    void end();
  };
  const timer =
    command.limitMs === undefined
      ? undefined
      : setTimeout(() => {
          stop.timedOut = true;
          void end();
        }, command.limitMs);
  const ended = new Promise<Finished>((resolve) => {
    let drain: NodeJS.Timeout | undefined;
    child.once('exit', () => {
      // What the leader left behind would hold its pipes open for ever; so would what has left its group (setsid).
      killGroup(pid, 'SIGKILL');
      drain = setTimeout(() => {
        // A streamed output may wait for its reader longer than that; whoever reads it closes it.
        for (const stream of child.stdio) if (!command.streamed || stream !== child.stdout) stream?.destroy();
      }, drainMs);
    });
    child.once('close', (exit, signal) => {
      gone = true;
      clearTimeout(drain);
      clearTimeout(timer);
      command.signal?.removeEventListener('abort', onAbort);
      resolve({
        argv: command.argv,
        exit,
        signal,
        stdout: stdout(),
        stderr: stderr(),
        durationMs: nowMs() - started,
        ...stop,
      });
    });
  });
  command.signal?.addEventListener('abort', onAbort, { once: true });
  if (command.signal?.aborted) onAbort(); // while the process was being started
  return {
    pid,
    channel: command.channel ? (child.stdio[3] as Duplex) : undefined,
    sideChannel: command.sideChannel ? ((child.stdio as unknown[])[4] as Duplex) : undefined,
    stdout: command.streamed ? (child.stdout as Readable) : undefined,
    ended,
    end,
  };
}

// Keeps the last bytes of a stream and tells its lines; a flood costs no memory.
function keep(stream: NodeJS.ReadableStream | null, command: Command): () => string {
  const most = command.keepBytes ?? 1 << 20;
  let chunks: Buffer[] = [];
  let size = 0;
  let open = '';
  stream?.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size > 2 * most) {
      const last = Buffer.concat(chunks).subarray(-most);
      chunks = [Buffer.from(last)];
      size = last.length;
    }
    if (!command.onLine) return;
    const lines = (open + chunk.toString('utf8')).split('\n');
    open = (lines.pop() ?? '').slice(-65536);
    for (const line of lines) command.onLine(line);
  });
  stream?.on('end', () => {
    if (open !== '') command.onLine?.(open);
  });
  return () => Buffer.concat(chunks).subarray(-most).toString('utf8');
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // the group is gone already
  }
}
