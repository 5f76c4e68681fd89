// Real QEMU, tiny guests: ends that SynOS's own kernel does not have, and what happens around a boot.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { SynosError } from '../core/failure.ts';
import type { JsonObject } from '../core/json.ts';
import { bootAbilities } from '../qemu/actions.ts';
import { asmGuest, bootOnce, qemuLeft, type Workshop, workshop } from './boot-rig.ts';
import { frame, helloJson, wholeStream } from './frame-rig.ts';

let shop: Workshop;
beforeAll(() => {
  shop = workshop();
});
afterAll(() => shop[Symbol.dispose]());
afterEach(() => expect(qemuLeft()).toEqual([]));

/** Assembly that prints these bytes; GNU as takes octal escapes. */
const octal = (text: string): string =>
  text.replace(/[^A-Za-z0-9 ]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
let count = 0;
const guest = (body: string): string => asmGuest(shop.folder, `guest-${count++}`, body);
const saying = (text: string): string =>
  ` mov $message, %esi\n call print\n .section .rodata\nmessage: .asciz "${octal(text)}"\n .text\n`;
const passing = ' leave 0x10\n';

describe('a guest that', () => {
  test('prints a whole stream and leaves well has passed', async () => {
    const stream = wholeStream(['{"kind":"note","text":"hi"}']).join('');
    const { outcome, log, events } = await bootOnce({ kernel: guest(saying(stream) + passing) });
    expect(outcome).toMatchObject({
      end: 'passed',
      hello: { kernel: 'synos' },
      qemu: { exit: 33 },
      accelerator: 'tcg',
    });
    expect(log.toString('latin1')).toBe(stream);
    expect(outcome.qemu.version).toMatch(/^\d+\.\d+/);
    const types = events.map((event) => event.type);
    expect([types[0], types.at(-1)]).toEqual(['boot.started', 'boot.ended']);
  });

  test('panics and then waits for ever is told by its line', async () => {
    const { outcome } = await bootOnce({
      kernel: guest(`${saying('PANIC: lost\n')}8: inb $0x80, %al\n jmp 8b\n`),
    });
    expect(outcome).toMatchObject({ end: 'panic', reason: 'the kernel panicked: PANIC: lost' });
    expect(outcome.timing.totalMs).toBeLessThan(5000);
  });

  test('waits in a loop that nothing can end spins; one that asks a device has stalled, when its silence is over', async () => {
    const options = { limits: { silenceSeconds: 1, seconds: 30 } };
    const { outcome } = await bootOnce({ kernel: guest(`${saying('ready\n')}8: jmp 8b\n`), options });
    expect(outcome).toMatchObject({ end: 'spin', reason: expect.stringContaining('can never end') });
    const far = '.rept 200\n inb $0x80, %al\n jmp 7f\n .skip 64\n7:\n .endr\n';
    const { outcome: wide } = await bootOnce({
      kernel: guest(`${saying('ready\n')}8: ${far} jmp 8b\n`),
      options,
    });
    expect(wide).toMatchObject({
      end: 'stalled',
      reason: expect.stringContaining('for 1 s; the CPU runs at 0x1'),
    });
  });

  test('prints without end, but slowly, runs into its time limit', async () => {
    const body = `8: ${saying('tick\n')} mov $20000000, %ecx\n7: dec %ecx\n jnz 7b\n jmp 8b\n`;
    const { outcome } = await bootOnce({ kernel: guest(body), options: { limits: { seconds: 2 } } });
    expect(outcome).toMatchObject({
      end: 'spin',
      reason: expect.stringContaining('still running after 2 s'),
    });
  });

  test('writes an exit code that nobody knows has failed', async () => {
    expect((await bootOnce({ kernel: guest(' leave 5\n') })).outcome).toMatchObject({
      end: 'failed',
      qemu: { exit: 11 },
    });
  });

  test('writes 0 to the exit port is not mistaken for an error of QEMU', async () => {
    const { outcome } = await bootOnce({ kernel: guest(`${saying('x\n')} leave 0\n`) });
    expect(outcome).toMatchObject({ end: 'failed', qemu: { exit: 1 } });
  });

  test('says that it passed after a torn record is incomplete', async () => {
    const [hello = '', end = ''] = wholeStream([]);
    const { outcome } = await bootOnce({
      kernel: guest(saying(hello + end.replace('"records":1', '"records":2')) + passing),
    });
    expect(outcome).toMatchObject({ end: 'incomplete', refused: ['frame: wrong CRC'] });
  });

  test('sends more records than it may is ended', async () => {
    const hello = frame(0, helloJson);
    const body = `8: ${saying(hello)} jmp 8b\n`;
    const { outcome } = await bootOnce({ kernel: guest(body), options: { limits: { records: 50 } } });
    expect(outcome).toMatchObject({ end: 'flood', reason: expect.stringContaining('50 records') });
  });
});

describe('around a boot', () => {
  const forever = (): string => guest(`${saying('here\n')}8: inb $0x80, %al\n jmp 8b\n`);
  const killedBy = (signal: NodeJS.Signals) =>
    bootOnce({ kernel: forever(), onStart: (pid) => setTimeout(() => process.kill(pid, signal), 500) });

  test.each<NodeJS.Signals>(['SIGKILL', 'SIGTERM'])(
    'QEMU that is ended from outside by %s is told as killed',
    async (signal) => {
      const { outcome, log } = await killedBy(signal);
      expect(outcome).toMatchObject({ end: 'killed', tail: ['here'] });
      expect(log.toString()).toBe('here\n');
    },
  );

  test('QEMU that crashes is no end of the guest', async () => {
    expect((await killedBy('SIGSEGV')).outcome).toMatchObject({
      end: 'qemu-error',
      reason: 'QEMU crashed with SIGSEGV',
    });
  });

  test('a stop by the user ends QEMU and leaves nothing', async () => {
    const stop = new AbortController();
    const boot = bootOnce({
      kernel: forever(),
      signal: stop.signal,
      onStart: () => setTimeout(() => stop.abort(), 400),
    });
    const begun = performance.now();
    const error = await boot.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(SynosError);
    expect((error as SynosError).failure.code).toBe('interrupted');
    expect(performance.now() - begun).toBeLessThan(3000);
  });

  test('a QEMU that hangs is killed at the time limit', async () => {
    const options = { limits: { seconds: 1 } };
    const freeze = (pid: number): void => void setTimeout(() => process.kill(pid, 'SIGSTOP'), 300);
    const { outcome } = await bootOnce({ kernel: forever(), options, onStart: freeze });
    expect(outcome).toMatchObject({
      end: 'qemu-error',
      reason: expect.stringContaining('hangs'),
      qemu: { signal: 'SIGKILL' },
    });
  });

  test.each<[JsonObject, object]>([
    [{ cpu: 'haswell' }, { what: 'CPU model', name: 'haswell', near: ['Haswell'] }],
    [{ cpu: 'Nehalm' }, { what: 'CPU model', near: ['Nehalem'] }],
    [
      { cpuFeatures: ['+avx3'] },
      { what: 'CPU feature', name: 'avx3', near: expect.arrayContaining(['avx2']) },
    ],
  ])('what QEMU does not have is told as such, with the nearest name: %j', async (options, lack) => {
    const error = await bootOnce({ kernel: guest(passing), options }).catch((caught: unknown) => caught);
    expect((error as SynosError).failure).toMatchObject({ code: 'qemu.lacks', ...lack });
  });

  test('memory that cannot be had is what the machine lacks', async () => {
    const error = await bootOnce({ kernel: guest(passing), options: { memoryMib: 1_048_576 } }).catch(
      (caught: unknown) => caught,
    );
    // A host that promises more memory than it has boots it all the same.
    if (error instanceof SynosError)
      expect(error.failure).toMatchObject({ code: 'resource.short', needed: '1048576 MiB' });
    else expect(error).toMatchObject({ outcome: { end: expect.stringMatching(/early|qemu-error/) } });
  });

  test('a path with a comma is a path', async () => {
    const folder = join(shop.folder, 'a,file=b');
    mkdirSync(folder);
    symlinkSync(guest(saying('comma\n') + passing), join(folder, 'kernel,readonly=off'));
    const { outcome } = await bootOnce({ kernel: join(folder, 'kernel,readonly=off') });
    expect(outcome).toMatchObject({ end: 'early', tail: ['comma'] });
  });
});

describe('with another QEMU on PATH', () => {
  const path = process.env['PATH'];
  afterEach(() => {
    process.env['PATH'] = path;
  });
  const stand = (script: string): void => {
    const folder = join(shop.folder, `path-${count++}`);
    mkdirSync(folder);
    writeFileSync(join(folder, 'qemu-system-x86_64'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, 'qemu-system-x86_64'), 0o755);
    process.env['PATH'] = `${folder}:${path}`;
  };
  const options = { limits: { seconds: 1 } };

  test('one that dies at once is told with its words', async () => {
    stand('echo "qemu: cannot load libfoo.so" >&2; exit 127');
    const { outcome } = await bootOnce({ kernel: guest(passing) });
    expect(outcome).toMatchObject({ end: 'qemu-error', reason: expect.stringContaining('libfoo.so') });
  });

  test('one that is too old is told as such', async () => {
    stand(
      '[ "$1" = --version ] && echo "QEMU emulator version 5.2.0 (Debian)" && exit; echo "no JSON" >&2; exit 1',
    );
    const error = await bootOnce({ kernel: guest(passing) }).catch((caught: unknown) => caught);
    expect((error as SynosError).failure).toEqual({
      code: 'qemu.old',
      version: '5.2.0 (Debian)',
      least: '6.2',
    });
  });

  test('one that lacks a board or a device is told as such', async () => {
    const help = (boards: string): string =>
      `case "$1$2" in --version) echo "QEMU emulator version 8.0.0";; -machinehelp) printf '${boards}';; -cpuhelp) printf 'x86 max  y\\n';; -devicehelp) printf 'name "isa-debug-exit", bus ISA\\n';; *) echo no >&2; exit 1;; esac`;
    stand(help('pc   a\\nmicrovm  b\\n'));
    const lack = async (options: JsonObject): Promise<unknown> =>
      ((await bootOnce({ kernel: guest(passing), options }).catch((caught: unknown) => caught)) as SynosError)
        .failure;
    expect(await lack({})).toMatchObject({ code: 'qemu.lacks', what: 'board', name: 'q35' });
    expect(await lack({ machine: 'pc', devices: ['vga'] })).toMatchObject({ what: 'device', name: 'VGA' });
  });

  test('one that prints escapes has them escaped', async () => {
    stand('printf "\\033]0;owned\\007\\n" >&2; exit 1');
    const { outcome } = await bootOnce({ kernel: guest(passing) });
    expect(JSON.stringify(outcome)).not.toContain('\\u001b');
    expect(outcome.reason).toContain('\\x1b]0;owned');
  });

  test('one that never answers and ignores TERM is killed', async () => {
    stand('trap "" TERM; exec sleep 30');
    const { outcome } = await bootOnce({ kernel: guest(passing), options });
    expect(outcome).toMatchObject({ end: 'qemu-error', qemu: { version: 'unknown' } });
  });

  test('one that refuses to run the machine is ended', async () => {
    stand(
      `printf '{"QMP":{}}\\n{"return":{},"id":0}\\n{"error":{"class":"x","desc":"no"},"id":1}\\n' >&3; exec sleep 20`,
    );
    const begun = performance.now();
    const { outcome } = await bootOnce({ kernel: guest(passing) });
    expect(outcome.end).toBe('qemu-error');
    expect(performance.now() - begun).toBeLessThan(4000);
  });
});

test('nothing of the host is open to a guest: no network, no other drive, no monitor', async () => {
  let argv: string[] = [];
  const look = (pid: number): void => {
    argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  };
  const kernel = guest(`${saying('x\n')}8: inb $0x80, %al\n jmp 8b\n`);
  await bootOnce({
    kernel,
    options: { limits: { seconds: 1 } },
    onStart: (pid) => setTimeout(() => look(pid), 300),
  });
  expect(argv).toContain('-nodefaults');
  expect(argv).toContain('-no-user-config');
  expect(argv.some((word) => word.startsWith('on,obsolete=deny'))).toBe(true);
});

test('SynOS that is killed takes QEMU with it', async () => {
  const kernel = guest(`${saying('x\n')}8: inb $0x80, %al\n jmp 8b\n`);
  const script = `const { bootOnce } = await import(${JSON.stringify(join(import.meta.dirname, 'boot-rig.ts'))});
    await bootOnce({ kernel: ${JSON.stringify(kernel)}, onStart: (pid) => console.log(pid) });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const qemu = await new Promise<number>((resolve) =>
    child.stdout.once('data', (text: Buffer) => resolve(Number(text))),
  );
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(() => process.kill(qemu, 0)).not.toThrow();
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  await expect.poll(() => existsSync(`/proc/${qemu}/cwd`) && !isZombie(qemu), { timeout: 3000 }).toBe(false);
});

// A dead process whose parent did not ask for it yet is gone for all that matters.
function isZombie(pid: number): boolean {
  return readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
}

test('what this machine can boot is found by trying', async () => {
  const { qemu, firmware, accelerators } = await bootAbilities();
  expect(qemu).toMatchObject({
    path: expect.stringContaining('/qemu-system-x86_64'),
    version: expect.stringMatching(/^\d+\.\d+/),
  });
  expect(firmware.map((file) => file.path !== null)).toEqual([true, true, true, true]);
  expect(accelerators[0]).toEqual({ name: 'tcg', runs: true, reason: '' });
  const [, kvm] = accelerators;
  expect(kvm?.runs === (kvm?.reason === '')).toBe(true);
});
