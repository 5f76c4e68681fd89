// Processes: groups, limits, death with SynOS, bounded output, and only the environment that is meant.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { baseEnvironment, find, run, start } from './exec.ts';
import { SynosError } from './failure.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'synos-exec-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const sh = (script: string) => ['sh', '-c', script] as const;

function isRunning(pid: string): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

async function eventually(holds: () => boolean, withinMs = 5000): Promise<boolean> {
  for (const end = Date.now() + withinMs; Date.now() < end; await sleep(20)) if (holds()) return true;
  return holds();
}

const pidIn = (name: string): string => readFileSync(join(folder, name), 'utf8').trim();

describe('a process that ends', () => {
  it('leaves its streamed output whole to a reader who comes later', async () => {
    const running = await start({ argv: sh('head -c 50000 /dev/zero'), streamed: true });
    await sleep(1300); // longer than other streams are waited for
    let bytes = 0;
    for await (const piece of running.stdout ?? []) bytes += (piece as Buffer).length;
    expect(bytes).toBe(50_000);
    expect((await running.ended).exit).toBe(0);
  });

  it('tells its exit code and both streams', async () => {
    const end = await run({ argv: sh('echo out; echo err >&2; exit 3') });
    expect(end).toMatchObject({
      exit: 3,
      signal: null,
      stdout: 'out\n',
      stderr: 'err\n',
      timedOut: false,
      aborted: false,
    });
  });

  it('tells the signal that killed it', async () => {
    expect(await run({ argv: sh('kill -SEGV $$') })).toMatchObject({ exit: null, signal: 'SIGSEGV' });
  });

  it('is given its input, and may ignore it', async () => {
    expect((await run({ argv: ['cat'], input: 'hello' })).stdout).toBe('hello');
    expect((await run({ argv: ['true'], input: 'x'.repeat(1 << 20) })).exit).toBe(0);
  });

  it('gets arguments as they are, never through a shell', async () => {
    const hostile = '$(touch pwned); `id` "quoted" \n-x';
    expect((await run({ argv: ['printf', '%s', hostile], cwd: folder })).stdout).toBe(hostile);
    expect(existsSync(join(folder, 'pwned'))).toBe(false);
  });

  it('is refused by name when there is no such program', async () => {
    const attempt = run({ argv: ['no-such-program-here'] });
    await expect(attempt).rejects.toBeInstanceOf(SynosError);
    await expect(attempt).rejects.toMatchObject({
      failure: { code: 'tool.missing', tool: 'no-such-program-here' },
    });
  });
});

describe('the environment', () => {
  it('holds the base and what was added, and no secret of the user', async () => {
    process.env['SYNOS_TEST_SECRET'] = 'token';
    try {
      const { stdout } = await run({ argv: ['env'], env: { EXTRA: '1' } });
      const names = stdout
        .trim()
        .split('\n')
        .map((line) => line.split('=', 1)[0] ?? '');
      expect(names.sort()).toEqual(['EXTRA', 'HOME', 'LANG', 'LC_ALL', 'PATH', 'TZ']);
    } finally {
      delete process.env['SYNOS_TEST_SECRET'];
    }
  });

  it('has the same PATH whether npm started SynOS or not', () => {
    const before = process.env['PATH'];
    try {
      process.env['PATH'] = '/usr/bin:/bin';
      const plain = baseEnvironment();
      process.env['PATH'] =
        '/p/node_modules/.bin:/node_modules/.bin:/usr/lib/node_modules/npm/node_modules/@npmcli/run-script/lib/node-gyp-bin:/usr/bin:/bin';
      expect(baseEnvironment()).toEqual(plain);
    } finally {
      process.env['PATH'] = before;
    }
  });

  it('finds programs only in absolute folders', () => {
    const before = process.env['PATH'];
    try {
      writeFileSync(join(folder, 'evil'), '#!/bin/sh\n', { mode: 0o755 });
      process.env['PATH'] = `.:${before}`;
      const here = process.cwd();
      process.chdir(folder);
      try {
        expect(find('evil')).toBeUndefined();
      } finally {
        process.chdir(here);
      }
    } finally {
      process.env['PATH'] = before;
    }
  });
});

describe('limits', () => {
  it('end a process that runs too long, with its children', async () => {
    const end = await run({ argv: sh(`sleep 100 & echo $! > ${folder}/child; wait`), limitMs: 300 });
    expect(end.timedOut).toBe(true);
    expect(await eventually(() => !isRunning(pidIn('child')))).toBe(true);
  });

  it('kill a process that ignores TERM after the grace', async () => {
    const running = await start({ argv: sh('trap "" TERM; echo ready; while :; do sleep 1; done') });
    await sleep(100);
    const before = Date.now();
    await running.end(200);
    expect(Date.now() - before).toBeLessThan(2000);
    expect((await running.ended).signal).toBe('SIGKILL');
  });

  it('keep only the last bytes of a flood', async () => {
    const end = await run({
      argv: sh('yes 0123456789 | head -c 20000000; echo; echo last'),
      keepBytes: 1000,
    });
    expect(end.stdout).toHaveLength(1000);
    expect(end.stdout.endsWith('last\n')).toBe(true);
  });

  it('tell lines however the pieces come', async () => {
    const lines: string[] = [];
    await run({
      argv: sh('printf "a"; sleep 0.05; printf "b\\nc\\nend"'),
      onLine: (line) => lines.push(line),
    });
    expect(lines).toEqual(['ab', 'c', 'end']);
  });
});

describe('an abort', () => {
  it('ends the group', async () => {
    const controller = new AbortController();
    const running = await start({
      argv: sh(`sleep 100 & echo $! > ${folder}/child; wait`),
      signal: controller.signal,
    });
    await eventually(() => existsSync(join(folder, 'child')));
    controller.abort();
    expect((await running.ended).aborted).toBe(true);
    expect(await eventually(() => !isRunning(pidIn('child')))).toBe(true);
  });

  it('counts when it comes while the process is being started', async () => {
    const controller = new AbortController();
    const starting = start({ argv: ['sleep', '100'], signal: controller.signal });
    controller.abort();
    expect((await (await starting).ended).aborted).toBe(true);
  });

  it('before the start lets nothing start', async () => {
    const attempt = run({ argv: sh(`touch ${folder}/ran`), signal: AbortSignal.abort() });
    await expect(attempt).rejects.toThrow();
    expect(existsSync(join(folder, 'ran'))).toBe(false);
  });
});

describe('what stays behind', () => {
  it('in the group is killed when the leader ends', async () => {
    await run({ argv: sh(`sleep 100 & echo $! > ${folder}/child`) });
    expect(await eventually(() => !isRunning(pidIn('child')))).toBe(true);
  });

  it('outside the group cannot hold the run open by its pipes', async () => {
    const before = Date.now();
    await run({ argv: sh(`setsid sleep 30 & echo $! > ${folder}/child`) });
    expect(Date.now() - before).toBeLessThan(10_000);
    process.kill(Number(pidIn('child')), 'SIGKILL');
  });

  it('dies with SynOS even when that is killed with SIGKILL', async () => {
    const script = `
      import { start } from ${JSON.stringify(new URL('./exec.ts', import.meta.url).pathname)};
      const running = await start({ argv: ['sleep', '100'] });
      process.stdout.write(String(running.pid) + '\\n');
    `;
    const parent = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = await new Promise<string>((resolve) =>
      parent.stdout.once('data', (data: Buffer) => resolve(String(data).trim())),
    );
    expect(isRunning(pid)).toBe(true);
    parent.kill('SIGKILL');
    expect(await eventually(() => !isRunning(pid))).toBe(true);
  });
});

it('a brief command is run as any other, and its group is ended, too', async () => {
  expect(await run({ argv: sh('echo out; exit 2'), brief: true })).toMatchObject({
    exit: 2,
    stdout: 'out\n',
  });
  const end = await run({
    argv: sh(`sleep 100 & echo $! > ${folder}/child; wait`),
    brief: true,
    limitMs: 300,
  });
  expect(end.timedOut).toBe(true);
  expect(await eventually(() => !isRunning(pidIn('child')))).toBe(true);
});

it('a channel is one end of a socket pair at descriptor 3', async () => {
  const running = await start({ argv: sh('read -r line <&3; echo "got $line" >&3'), channel: true });
  const answer = new Promise<string>((resolve) =>
    running.channel?.once('data', (data: Buffer) => resolve(String(data))),
  );
  running.channel?.write('ping\n');
  expect(await answer).toBe('got ping\n');
  await running.ended;
});

it('what is streamed is read at the pace of its reader, long after the process is gone', async () => {
  const running = await start({ argv: ['head', '-c', '60000', '/dev/zero'], streamed: true, brief: true });
  await new Promise((resolve) => setTimeout(resolve, 1300));
  let bytes = 0;
  for await (const piece of running.stdout ?? []) bytes += (piece as Buffer).length;
  expect(bytes).toBe(60_000);
  expect((await running.ended).exit).toBe(0);
});

it('what is streamed and not read to its end does not keep a process from being ended', async () => {
  const running = await start({ argv: ['head', '-c', '60000', '/dev/zero'], streamed: true, brief: true });
  await new Promise((resolve) => setTimeout(resolve, 100));
  await running.end();
  expect((await running.ended).exit).toBe(0);
});
