// `synos profile` as a developer uses it: a kernel of their own of a few lines, a change of it, and a machine that lacks something.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../core/digest.ts';
import { find } from '../core/exec.ts';
import { parseProfile } from '../core/profile.ts';
import { fits } from './fits.ts';
import { project, type Rig } from './rig.ts';

const kernel = (times: number): string => `.code32
.section .note.pvh, "a", @note
.long 4, 4, 18
.asciz "Xen"
.long _start
.text
.global _start
_start:
 mov $0x80000, %esp
 mov $${times}, %ebx
1: call worker
 dec %ebx
 jnz 1b
 mov $0x3f8, %edx
 mov $'P', %al
 outb %al, %dx
 mov $10, %al
 outb %al, %dx
 call finish
worker:
 mov $10, %ecx
1: loop 1b
 ret
finish:
 mov $0xf4, %edx
 mov $16, %eax
 outl %eax, %dx
1: cli
 hlt
 jmp 1b
`;
const config = JSON.stringify({
  kernel: {
    kind: 'command',
    command: [
      'gcc',
      ...'-m32 -nostdlib -static -no-pie -Wl,-Ttext=0x100000,--build-id=none -o k.elf k.S'.split(' '),
    ],
    outputs: { kernel: 'k.elf' },
  },
  machines: {
    tiny: { rules: { pass: '^P' } },
    timed: { exact: false, rules: { pass: '^P' } },
  },
});
let rig: Rig;

function git(...words: string[]): void {
  const as = ['-c', 'user.name=t', '-c', 'user.email=t@t.invalid', '-c', 'core.hooksPath=/dev/null'];
  execFileSync('git', ['-C', rig.folder, ...as, ...words]);
}

beforeAll(async () => {
  rig = await project({ config });
  rig.write('k.S', kernel(5));
  rig.write('.gitignore', '.synos\nout\nk.elf\n');
  git('init', '--quiet');
  git('add', '.');
  git('commit', '--quiet', '--message', 'five times');
});
afterAll(async () => rig[Symbol.asyncDispose]());

type View = {
  total: number;
  file: string;
  functions: { name: string; self: number; calls: number }[];
  difference: { difference: number; functions: { name: string; difference: number }[] } | null;
};

describe('synos profile', () => {
  it('says which function executed how much, stores the run, and leaves the profile beside it', async () => {
    const { exit, json, err } = await rig.synos(['profile', '--json', '--no-report']);
    expect(exit, err).toBe(0);
    await fits('profile-view', json());
    const view = json() as View;
    expect(view.functions.find(({ name }) => name === 'worker')).toMatchObject({ self: 60, calls: 5 });
    const text = rig.read(view.file);
    await fits('profile', JSON.parse(text));
    expect(parseProfile(text, view.file).total).toBe(view.total);
    const report = await rig.synos(['report', '--json']);
    await fits('run', report.json());
    const { boots } = report.json() as { boots: { exact: boolean; profile: object }[] };
    expect(boots[0]).toMatchObject({ exact: true, profile: { path: view.file, digest: digestOf(text) } });
  });

  it('shows the difference to a revision and to a file, in exact instructions', async () => {
    const before = rig.read('out/profiles/tiny.json');
    rig.write('before.json', before);
    rig.write('k.S', kernel(7));
    for (const against of ['HEAD', 'before.json']) {
      const { exit, json, err } = await rig.synos([
        ...['profile', 'worker', '--against', against],
        ...['--json', '--no-report'],
      ]);
      expect(exit, err).toBe(0);
      const { difference, functions } = json() as View;
      expect(functions).toMatchObject([{ name: 'worker', self: 84, calls: 7 }]);
      expect(difference).toMatchObject({ difference: 24, functions: [{ name: 'worker', difference: 24 }] });
    }
    const { out } = await rig.synos(['profile', '--against', 'before.json', '--no-report']);
    expect(out).toMatch(/\+24 +60 +84 +5 > 7 +worker/);
    rig.write('k.S', kernel(5));
  });

  it('writes for other tools, exactly on a machine that measures time, too', async () => {
    const { exit, out } = await rig.synos([
      ...['profile', '--machine', 'timed', '--format', 'folded', '--no-report', '-q'],
    ]);
    expect(exit).toBe(0);
    expect(out).toContain('_start;worker 60\n');
    const file = join(rig.folder, 'now.pb.gz');
    expect((await rig.synos(['profile', '-o', 'now.pb.gz', '--no-report', '-q'])).exit).toBe(0);
    expect(readFileSync(file).readUInt16BE(0)).toBe(0x1f8b);
  });

  it('tells what cannot be meant, with what is near', async () => {
    const near = await rig.synos(['profile', 'workr', '--no-report']);
    expect([near.exit, near.err]).toEqual([2, expect.stringContaining('did you mean worker?')]);
    rig.write('bad.json', rig.read('before.json').replace('"total":', '"total":1'));
    const bad = await rig.synos(['profile', '--against', 'bad.json']);
    expect([bad.exit, bad.err]).toEqual([7, expect.stringContaining('add up to')]);
    expect((await rig.synos(['profile', '--against', 'no-such-ref'])).exit).toBe(2);
    const machine = await rig.synos(['profile', 'tiny']);
    expect(machine.exit).toBe(2);
    expect(machine.err).toContain('--machine tiny');
    expect((await rig.synos(['profile', '--machine', 'tinny'])).err).toContain('did you mean tiny?');
    expect((await rig.synos(['profile', '--json', '--format', 'json'])).exit).toBe(2);
  });

  it('names the QEMU that has no plugins, and the gcc that is missing', async () => {
    const folder = join(rig.folder, 'bin');
    mkdirSync(folder);
    const qemu = join(folder, 'qemu-system-x86_64');
    writeFileSync(
      qemu,
      '#!/bin/sh\ncase "$*" in *-plugin*) echo "-plugin: invalid option" >&2; exit 1;; *-version*) echo "QEMU emulator version 7.2.0";; *-help*) echo "-name string";; esac\n',
    );
    chmodSync(qemu, 0o755);
    const old = await rig.synos(['profile', '--no-report'], {
      env: { PATH: `${folder}:${process.env['PATH']}` },
    });
    expect([old.exit, old.err]).toEqual([4, expect.stringContaining('QEMU 7.2.0 has no plugins')]);
    const bare = join(rig.folder, 'bare');
    mkdirSync(bare);
    for (const name of ['qemu-system-x86_64', 'git', 'sh', 'env', 'addr2line'])
      symlinkSync(find(name) ?? '', join(bare, name));
    const without = await rig.synos(['profile', '--no-report'], { env: { PATH: bare } });
    expect([without.exit, without.err]).toEqual([4, expect.stringContaining('gcc is not installed')]);
  });
});
