// `synos boot --gdb`: the machine waits, the printed line reaches it, and it ends with the guest or with the person.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Live, live } from './live-rig.ts';
import { project, type Rig } from './rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await project({ kernel: 'built' });
  expect((await rig.synos(['build', 'kernel'])).exit).toBe(0);
});
afterAll(async () => rig[Symbol.asyncDispose]());

const boot = (words = ''): Live =>
  live(rig.folder, ['boot', '--gdb', '--no-report', '--append', `test=none bench=none ${words}`]);

async function doorOf(run: Live): Promise<{ line: string; socket: string }> {
  const [, line = '', socket = ''] = await run.until(/^waiting direct: (gdb .*target remote (\S+)')$/m);
  return { line, socket };
}

/** The least of GDB's remote protocol: one packet `$text#sum` there, acknowledged, and the answer's text. */
function remote(path: string): { ask(text: string): Promise<string>; socket: Socket } {
  const socket = connect(path);
  return {
    socket,
    ask: (text) =>
      new Promise((resolve, reject) => {
        const sum = [...text].reduce((total, letter) => (total + letter.charCodeAt(0)) & 255, 0);
        let came = '';
        const read = (bytes: Buffer): void => {
          came += bytes.toString('latin1');
          const answer = /\$([^#]*)#../.exec(came)?.[1];
          if (answer === undefined) return;
          socket.off('data', read);
          socket.write('+');
          resolve(answer);
        };
        socket.on('data', read).once('error', reject);
        socket.write(`$${text}#${sum.toString(16).padStart(2, '0')}`);
      }),
  };
}

describe('synos boot --gdb', () => {
  it('waits for a debugger, lets it in, and tells the verdict when the guest has run', async () => {
    await using run = boot();
    const { socket } = await doorOf(run);
    const gdb = remote(socket);
    expect(await gdb.ask('?')).toMatch(/^T05/);
    gdb.socket.write('$c#63');
    expect(await run.ended).toBe(0);
    expect(run.out()).toContain('direct  passed');
    expect(existsSync(socket)).toBe(false);
  });

  it('keeps a machine that reset, with its registers, until the debugger goes', async () => {
    await using run = boot('fault=triple');
    const gdb = remote((await doorOf(run)).socket);
    await gdb.ask('?');
    expect(await gdb.ask('c')).toMatch(/^T/); // it stopped by itself
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await gdb.ask('g')).toMatch(/^[0-9a-fx]{100,}$/);
    gdb.socket.destroy();
    expect(await run.ended).toBe(1);
    expect(run.err()).toContain('triple fault');
  });

  it('ends at Ctrl-C while it waits, and leaves nothing', async () => {
    await using run = boot();
    const { socket } = await doorOf(run);
    run.signal('SIGINT');
    expect(await run.ended).toBe(130);
    expect(existsSync(socket)).toBe(false);
  });

  it.skipIf(!existsSync('/usr/bin/gdb'))(
    'has the symbols: the printed line stops in a function by its name',
    async () => {
      await using run = boot();
      const { line } = await doorOf(run);
      const steps = ['break kernel_main', 'continue', 'backtrace', 'detach'].map((step) => `-ex '${step}'`);
      const text = execFileSync('sh', ['-c', `${line} -batch ${steps.join(' ')}`], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      expect(String(text)).toMatch(/#0 {2}kernel_main .* at kernel\/main\.c:\d+/);
      expect(await run.ended).toBe(0);
    },
  );

  it('is for one machine and one person', async () => {
    for (const more of [['--watch'], ['--runs', '2'], ['direct', 'direct2']])
      expect((await rig.synos(['boot', '--gdb', ...more])).exit).toBe(2);
  });
});
