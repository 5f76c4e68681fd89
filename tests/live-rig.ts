// The real command as somebody at a terminal has it: started, read while it runs, written to, signalled.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './rig.ts';

const bundle = join(root, 'dist', 'synos.cjs');

export type Live = AsyncDisposable & {
  readonly pid: number;
  out(): string;
  err(): string;
  /** Resolves with the match of a pattern in what came on either stream behind the last match; rejects after the limit, with all that came. */
  until(pattern: RegExp, limitMs?: number): Promise<RegExpExecArray>;
  write(text: string): void;
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<number | null>;
};

/** `merged`: both streams are one pipe, so that lines come in the order in which they were written; all of it is `out()` then. */
export function live(folder: string, args: readonly string[], merged = false): Live {
  const { SYNOS_: _, ...clean } = process.env;
  const under = merged ? ['sh', '-c', 'exec "$@" 2>&1', 'sh'] : [];
  const [program = '', ...rest] = [...under, process.execPath, bundle, ...args];
  const child = spawn(program, rest, {
    cwd: folder,
    env: { ...clean, NO_COLOR: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const texts = { out: '', err: '', all: '' };
  let from = 0;
  const wakers = new Set<() => void>();
  const read = (name: 'out' | 'err') => (text: string) => {
    texts[name] += text;
    texts.all += text;
    for (const wake of wakers) wake();
  };
  child.stdout.setEncoding('latin1').on('data', read('out'));
  child.stderr.setEncoding('utf8').on('data', read('err'));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    pid: child.pid as number,
    out: () => texts.out,
    err: () => texts.err,
    until: (pattern, limitMs = 60_000) =>
      new Promise((resolve, reject) => {
        const done = (): void => {
          clearTimeout(timer);
          wakers.delete(look);
        };
        const look = (): void => {
          const match = pattern.exec(texts.all.slice(from));
          if (!match) return;
          from += match.index + match[0].length;
          done();
          resolve(match);
        };
        const fail = (why: string): void => {
          done();
          reject(new Error(`${pattern} ${why}:\n${texts.all.slice(-4000)}`));
        };
        const timer = setTimeout(() => fail('did not come'), limitMs);
        wakers.add(look);
        look();
        void ended.then(() => fail('did not come before the end'));
      }),
    write: (text) => void child.stdin.write(text),
    signal: (name) => void child.kill(name),
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGINT');
      const killer = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(killer);
    },
  };
}
