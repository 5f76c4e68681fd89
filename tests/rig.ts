// A project of its own for each test, and the real command run in it. Cleans up after itself: `await using rig = await project()`.
import { execFileSync, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..');
const bundle = join(root, 'dist', 'synos.cjs');

type Ended = { exit: number | null; signal: string | null; out: string; err: string; json(): unknown };
type RunOptions = {
  env?: { readonly [name: string]: string };
  limitMs?: number;
  /** Called once it runs, for tests that pull something out from under it. */
  started?: (pid: number) => void;
  /** A command that synos is run by, as ['unshare', '--mount', ...]. */
  under?: readonly string[];
};

export type Rig = AsyncDisposable & {
  folder: string;
  write(path: string, text: string): void;
  read(path: string): string;
  has(path: string): boolean;
  synos(args: readonly string[], options?: RunOptions): Promise<Ended>;
};

export type ProjectOptions = {
  config?: string;
  /** Copies SynOS's own kernel into the project; `built`: with all that building it by the defaults makes, which is made once for all tests. */
  kernel?: boolean | 'built';
  /** Shares the repository's cache of packages and tasks, so that nothing is downloaded twice. */
  shareCache?: boolean;
};

export async function project(options: ProjectOptions = {}): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), 'synos-test-'));
  if (options.kernel) cpSync(join(root, 'kernel'), join(folder, 'kernel'), { recursive: true });
  if (options.kernel === 'built') copyBuilt(folder);
  if (options.config !== undefined) writeFileSync(join(folder, 'synos.yaml'), options.config);
  if (options.shareCache) symlinkSync(join(root, '.synos'), join(folder, '.synos'));
  return {
    folder,
    write: (path, text) => writeFileSync(join(folder, path), text),
    read: (path) => readFileSync(join(folder, path), 'utf8'),
    has: (path) => existsSync(join(folder, path)),
    synos: (args, run) => synos(folder, args, run),
    [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }),
  };
}

// Ten seconds of compiling for each file of tests otherwise. Whoever comes first builds, the others wait for it; the copy is made under the
// same lock, and is the project's own.
function copyBuilt(folder: string): void {
  const shared = join(root, 'build', 'tests-project');
  mkdirSync(shared, { recursive: true });
  writeFileSync(join(shared, 'synos.yaml'), 'kernel: {}\n'); // else the repository's own is found, further up
  mkdirSync(join(folder, '.synos'));
  const script = `cd "$0" && rm -rf kernel && cp -a "$1/kernel" . && "$2" "$3" build kernel -q && cp -a .synos/cache "$4/.synos/"`;
  execFileSync(
    'flock',
    [join(shared, 'lock'), 'sh', '-c', script, shared, root, process.execPath, bundle, folder],
    { timeout: 120_000, stdio: ['ignore', 'ignore', 'pipe'], env: cleanEnvironment() },
  );
}

// A task's fingerprint has the environment in it.
function cleanEnvironment(): NodeJS.ProcessEnv {
  const { SYNOS_: _, ...clean } = process.env;
  return { ...clean, NO_COLOR: '1' };
}

async function synos(folder: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const argv = [...(options.under ?? []), process.execPath, bundle, ...args];
  const child = spawn(argv[0] as string, argv.slice(1), {
    cwd: folder,
    env: { ...cleanEnvironment(), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: options.limitMs ?? 110_000,
    killSignal: 'SIGKILL',
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  if (child.pid !== undefined) options.started?.(child.pid);
  return new Promise((done, failed) => {
    child.once('error', failed);
    child.once('close', (exit, signal) =>
      done({ exit, signal, out, err, json: () => JSON.parse(out) as unknown }),
    );
  });
}
