// What a machine can lack or take away while SynOS works on it, each seen through the real command.
import { mkdirSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { find } from '../core/exec.ts';
import { fits } from './fits.ts';
import { project, type Rig } from './rig.ts';

// As root a mount namespace needs no more; else one of a user namespace in which we are root.
const namespace = ['unshare', '--mount', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])];

/** Runs the command with a file system of its own over a folder of the project. */
function mounted(options: string, folder: string): string[] {
  return [
    ...namespace,
    'sh',
    '-c',
    `mkdir -p ${folder} && mount -t tmpfs -o ${options} tmpfs ${folder} && exec "$@"`,
    'sh',
  ];
}

/** A PATH on which these programs are and no others. */
function onlyThese(rig: Rig, programs: readonly string[]): { PATH: string } {
  const folder = join(rig.folder, 'bin');
  mkdirSync(folder);
  for (const name of ['setpriv', ...programs]) {
    const path = find(name);
    if (path !== undefined) symlinkSync(path, join(folder, name));
  }
  return { PATH: folder };
}

describe('when the machine lacks something, synos exits 4, says what to do, and loses nothing', () => {
  it('when the disk is full in the middle of a build, and goes on when there is room again', async () => {
    await using rig = await project({ kernel: true });
    const full = await rig.synos(['build', 'kernel'], { under: mounted('size=200k', '.synos') });
    expect(full.err).toContain('no space left');
    expect(full.exit).toBe(4);
    expect(rig.has('out/synos.elf')).toBe(false);
    expect((await rig.synos(['build', 'kernel'])).exit).toBe(0);
  });

  it('when the output folder cannot be written', async () => {
    await using rig = await project({ kernel: 'built' });
    const ended = await rig.synos(['build', 'kernel'], { under: mounted('ro', 'out') });
    expect(ended.exit).toBe(4);
    expect(ended.err).toMatch(/out\b.* cannot be written/);
    expect((await rig.synos(['build', 'kernel'])).exit).toBe(0);
  });

  it('when a file is where the output folder should be, or a file of events has no folder', async () => {
    await using rig = await project({ kernel: 'built' });
    rig.write('out', '');
    const ended = await rig.synos(['build', 'kernel']);
    expect(ended.exit).toBe(4);
    expect(ended.err).toMatch(/out\b.* cannot be written \(a file is in the way\)/);
    const events = await rig.synos(['build', 'kernel', '--events', 'none/events']);
    expect(events.exit).toBe(4);
    expect(events.err).toContain('none/events cannot be written');
  });

  it('when .synos cannot be written', async () => {
    await using rig = await project({ kernel: true });
    const ended = await rig.synos(['build', 'kernel'], { under: mounted('ro', '.synos') });
    expect(ended.exit).toBe(4);
    expect(ended.err).toContain('cannot be written');
  });

  it('when the compiler is missing, and names its package', async () => {
    await using rig = await project({ kernel: true });
    const ended = await rig.synos(['build', 'kernel', '--json'], {
      env: onlyThese(rig, ['ld.bfd', 'nm', 'awk']),
    });
    expect(ended.exit).toBe(4);
    expect(ended.err.match(/apt-get install gcc/g)).toHaveLength(1); // of 136 tasks that need it
    await fits('build', ended.json());
  });

  it('when QEMU is missing, and names its package', async () => {
    await using rig = await project({ kernel: true });
    const programs = ['gcc', 'as', 'ld', 'ld.bfd', 'nm', 'awk'];
    const ended = await rig.synos(['boot'], { env: onlyThese(rig, programs) });
    expect(ended.exit).toBe(4);
    expect(ended.err).toContain('apt-get install qemu-system-x86');
  });

  it('and doctor tells the same before anything is tried, as text and as the described document', async () => {
    await using rig = await project({ kernel: true });
    const env = onlyThese(rig, ['gcc']);
    const plain = await rig.synos(['doctor'], { env });
    expect(plain.exit).toBe(4);
    expect(plain.out).toMatch(/missing +qemu .*\n.*mend: apt-get install qemu-system-x86/);
    const json = await rig.synos(['doctor', '--json'], { env });
    await fits('doctor', json.json());
  });
});

describe('when a source file is bad', () => {
  it('the compiler says where, nothing is put out, and the next build goes on from what was good', async () => {
    await using rig = await project({ kernel: true });
    const good = rig.read('kernel/main.c');
    rig.write('kernel/main.c', `${good}\nint oops(void) { return nothing; }\n`);
    const bad = await rig.synos(['build', 'kernel', '--keep-going']);
    expect(bad.exit).toBe(1);
    expect(bad.err).toMatch(/kernel\/main\.c:\d+:\d+: error/);
    expect(rig.has('out/synos.elf')).toBe(false);
    rig.write('kernel/main.c', good);
    const mended = await rig.synos(['build', 'kernel', '--json']);
    expect(mended.exit).toBe(0);
    const { tasks } = mended.json() as { tasks: { id: string; status: string }[] };
    expect(tasks.filter(({ status }) => status === 'ran').length).toBeLessThan(tasks.length / 2);
  });
});

describe('when a build is interrupted', () => {
  it('it exits 130, leaves no half-written output and no process, and the next one ends well', async () => {
    await using rig = await project({ kernel: true });
    const stopped = await rig.synos(['build', 'kernel', '-v'], {
      started: (pid) => {
        const look = setInterval(() => {
          if (!rig.has('.synos/work')) return; // nothing runs yet
          clearInterval(look);
          process.kill(pid, 'SIGINT');
        }, 20);
      },
    });
    expect(stopped.exit).toBe(130);
    expect(rig.has('out/synos.elf')).toBe(false);
    // A compiler's child is killed with its group; the kernel takes a moment to clear it away, and it is no child of ours to wait for.
    await expect.poll(() => processesIn(rig.folder), { timeout: 2000 }).toEqual([]);
    expect((await rig.synos(['build', 'kernel'])).exit).toBe(0);
  });
});

/** Processes that work in a folder or below it. */
function processesIn(folder: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
    } catch {
      return false; // gone meanwhile, or not ours
    }
  });
}
