// `synos boot` as users and pipelines see it: what is printed where, what is stored, and how each end becomes an exit code.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fits } from './fits.ts';
import { project, type Rig } from './rig.ts';

const few = 'test=lib.crc32 bench=lib';
let rig: Rig;
beforeAll(async () => {
  rig = await project({ kernel: 'built' });
  expect((await rig.synos(['build', 'kernel'])).exit).toBe(0);
});
afterAll(async () => rig[Symbol.asyncDispose]());

type Run = {
  boots: { end: string; records: { value: number; samples: number[] }[] }[];
  verdict: { exit: number };
};

describe('synos boot', () => {
  it('prints the run, stores it, writes its page and its log, and shows it again', async () => {
    const { exit, out, err } = await rig.synos(['boot', '--exact', '--append', 'test=lib.crc32 bench=alloc']);
    expect(exit).toBe(0);
    expect(out).toMatch(/pair +64 B +\d+ +\d+ +\d+\.\d+x/);
    expect(out).toContain('direct  passed');
    expect(err).toContain('report: out/report.html');
    expect(rig.read('out/report.html')).toContain('<!doctype html>');
    expect(rig.read('out/logs/direct.serial.log')).toContain('\x1e@0 ');
    const again = await rig.synos(['report']);
    expect(again.exit).toBe(0);
    expect(again.out).toContain('direct  passed');
    await fits('run', (await rig.synos(['report', '--json'])).json());
  });

  it('measures the same instructions in every exact run, on a machine at rest or not', async () => {
    const run = async (): Promise<unknown> => {
      const { json } = await rig.synos(['boot', '--exact', '--json', '--no-report', '--append', few]);
      return (json() as Run).boots.map((boot) => boot.records);
    };
    const [first, second, third] = [await run(), ...(await Promise.all([run(), run()]))];
    expect(second).toEqual(first);
    expect(third).toEqual(first);
  });

  it('prints with --json one document that its schema describes, for a failed boot, too', async () => {
    const { exit, json } = await rig.synos([
      'boot',
      '--json',
      '--no-report',
      '--append',
      'test=none bench=none fault=panic',
    ]);
    expect(exit).toBe(1);
    await fits('run', json());
    expect((json() as Run).boots[0]?.end).toBe('panic');
  });

  it.each([
    ['testfail', 'test=fault bench=none', 1],
    ['triple', 'test=none bench=none', 1],
    ['halt', 'test=none bench=none', 6],
    ['mute', 'test=none bench=none', 6],
    ['early', 'test=none bench=none', 7],
    ['drop', 'test=none bench=lib', 7],
  ])('ends fault=%s with an exit code, the reason and the way to the log', async (fault, words, code) => {
    const { exit, err } = await rig.synos(['boot', '--no-report', '--append', `${words} fault=${fault}`]);
    expect(err).toContain('read the whole log: out/logs/direct.serial.log');
    expect(exit).toBe(code);
  });

  it('shows with --follow what the guest prints, with every escape made visible', async () => {
    const { exit, err } = await rig.synos([
      'boot',
      '-f',
      '--no-report',
      '--append',
      'test=none bench=none fault=escapes',
    ]);
    expect(exit).toBe(0);
    expect(err).toContain('\\x1b[');
    expect(err).not.toContain('\x1b');
    for (const line of err.split('\n'))
      expect(line.replace(/^direct \| +\d+\.\d{3} /, '')).not.toMatch(/^\s*::|##\[/);
  });

  it('when QEMU is killed from outside, says so and exits 1', async () => {
    const { exit, err } = await rig.synos(['boot', '--exact', '--no-report'], {
      started: () => whenBooting((qemus) => qemus.map((qemu) => process.kill(qemu, 'SIGKILL'))),
    });
    expect(err).toMatch(/killed/);
    expect(exit).toBe(1);
  });

  it('when interrupted, exits 130 and leaves no QEMU behind', async () => {
    const { exit } = await rig.synos(['boot', '--exact', '--no-report'], {
      started: (pid) => whenBooting(() => process.kill(pid, 'SIGINT')),
    });
    expect(exit).toBe(130);
    expect(qemusOf(rig.folder)).toEqual([]);
  });

  it('when killed outright, leaves no QEMU behind', async () => {
    const { signal } = await rig.synos(['boot', '--exact', '--no-report'], {
      started: (pid) => whenBooting(() => process.kill(pid, 'SIGKILL')),
    });
    expect(signal).toBe('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(qemusOf(rig.folder)).toEqual([]);
  });

  it('starts the QEMUs of later boots ahead, with the same command and the same bytes', async () => {
    const argv = ['boot', '--exact', '--json', '--no-report', '--runs', '3', '-j', '1', '--append', few];
    const { exit, json } = await rig.synos(argv);
    const { boots } = json() as { boots: { timing: { prewarmed?: true }; qemu: { argv: string[] } }[] };
    expect([exit, boots.map(({ timing }) => timing.prewarmed)]).toEqual([0, [undefined, true, true]]);
    expect(new Set(boots.map(({ qemu }) => qemu.argv.join('\n'))).size).toBe(1);
    const logs = [0, 1, 2].map((n) => rig.read(`out/logs/direct-${n}.serial.log`));
    expect(new Set(logs).size).toBe(1);
  });

  it('plans without running with --dry-run', async () => {
    const { exit, json, err } = await rig.synos(['boot', '--dry-run', '--json']);
    expect([exit, err]).toEqual([0, '']);
    await fits('plan', json());
  });
});

/** Calls once when a guest of this project runs; the whole run under icount takes some seconds more. */
function whenBooting(call: (qemus: number[]) => void): void {
  const look = setInterval(() => {
    const qemus = qemusOf(rig.folder);
    if (qemus.length === 0) return;
    clearInterval(look);
    call(qemus);
  }, 50);
}

/** QEMU processes that work in a project. */
function qemusOf(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return argv.includes('qemu-system') && argv.includes(folder);
      } catch {
        return false;
      }
    })
    .map(Number);
}

it('has a QEMU to look for', () => {
  expect(execFileSync('qemu-system-x86_64', ['--version'], { encoding: 'utf8' })).toContain('QEMU emulator');
});
