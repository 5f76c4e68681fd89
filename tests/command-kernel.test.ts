// Kernels that their own builds make: what is run again, what a build can reach, and how it is told when it fails.
import { chmodSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Rig } from './rig.ts';
import { configOf, put, shellProject } from './shell-rig.ts';

type Tasks = { tasks: { id: string; status: string }[] };
const statusOf = async (rig: Rig): Promise<string | undefined> => {
  await sleep(30);
  const { json } = await rig.synos(['build', '--json']);
  return (json() as Tasks).tasks[0]?.status;
};

it('a build runs again when an input changes, appears, goes, or may be run, and else never', async () => {
  await using rig = await shellProject('cat main.c >k.elf; ls -l >>k.elf', {}, { 'main.c': 'one\n' });
  expect(await statusOf(rig)).toBe('ran');
  expect(rig.read('out/k.elf')).toContain('one\n');
  expect(await statusOf(rig)).toBe('cached');
  const changes: (() => void)[] = [
    () => put(rig, 'main.c', 'two\n'),
    () => put(rig, 'new.c', ''),
    () => chmodSync(join(rig.folder, 'new.c'), 0o755),
    () => symlinkSync('main.c', join(rig.folder, 'link.c')),
    () => rig.write('synos.yaml', configOf({ command: ['sh', 'build.sh'], environment: { A: '1' } })),
  ];
  for (const [index, change] of changes.entries()) {
    change();
    expect(await statusOf(rig), `change ${index}`).toBe('ran');
    expect(await statusOf(rig), `after change ${index}`).toBe('cached');
  }
  put(rig, 'main.c', 'one\n');
  expect(await statusOf(rig)).toBe('ran');
  put(rig, 'main.c', 'two\n');
  expect(await statusOf(rig)).toBe('cached');
  const text = JSON.stringify({ ...JSON.parse(rig.read('synos.yaml')), machines: { other: { cpus: 2 } } });
  rig.write('synos.yaml', text);
  expect(await statusOf(rig)).toBe('cached');
});

it('git says which files a build reads, those of repositories inside too', async () => {
  await using rig = await shellProject('l=$(find . -type f | sort); echo "$l" >k.elf');
  const git = async (folder: string, ...args: string[]): Promise<void> => {
    const { run } = await import('../core/exec.ts');
    await run({ argv: ['git', '-C', join(rig.folder, folder), ...args] });
  };
  put(rig, '.gitignore', '*.o\n');
  put(rig, 'old.o', '');
  put(rig, 'inner/a.c', '');
  put(rig, 'inner/.gitignore', 'b.c\n');
  put(rig, 'inner/b.c', '');
  await git('.', 'init', '-q');
  await git('inner', 'init', '-q');
  await git('.', 'add', 'build.sh');
  expect((await rig.synos(['build'])).err).toContain('1 ran');
  expect(rig.read('out/k.elf')).toBe('./.gitignore\n./build.sh\n./inner/.gitignore\n./inner/a.c\n');
  rig.write('synos.yaml', configOf({ command: ['sh', 'build.sh'], inputs: ['build.sh', '*.o'] }));
  await rig.synos(['build']);
  expect(rig.read('out/k.elf')).toBe('./build.sh\n./old.o\n');
  const inputs = ['**', '.git/HEAD', '!inner'];
  rig.write('synos.yaml', configOf({ command: ['sh', 'build.sh'], inputs }));
  await rig.synos(['build']);
  expect(rig.read('out/k.elf')).toBe('./.git/HEAD\n./.gitignore\n./build.sh\n./old.o\n');
});

it('a build works on a copy at the place of the project, and can damage neither the project nor the store', async () => {
  await using rig = await shellProject('', {}, { 'main.c': 'precious\n', 'sub/x': 'x' });
  const store = join(rig.folder, '.synos');
  put(
    rig,
    'build.sh',
    `pwd >k.elf; chmod -R u+w ${rig.folder} ; rm -rf ${rig.folder}/sub ${store}/cache ; echo gone >main.c; echo gone >${rig.folder}/main.c; cp main.c k2\n`,
  );
  await sleep(30);
  const { exit, err } = await rig.synos(['build']);
  expect(err).not.toContain('failed');
  expect(exit).toBe(0);
  expect(rig.read('out/k.elf')).toBe(`${rig.folder}\n`);
  expect(rig.read('main.c')).toBe('precious\n');
  expect(rig.has('sub/x')).toBe(true);
  expect(rig.has('k2')).toBe(false);
  expect(await statusOf(rig)).toBe('cached');
});

it('a build has a fixed environment, and no network unless it asks', async () => {
  await using rig = await shellProject('env | sort >k.elf; tail -n +3 /proc/net/dev | cut -d: -f1 >devices', {
    environment: { MINE: 'a b' },
    outputs: { kernel: 'k.elf', initrd: 'devices' },
  });
  await rig.synos(['build'], { env: { STRANGE: 'yes', MAKEFLAGS: '-j9' } });
  const env = rig.read('out/k.elf');
  expect(env).toContain('MINE=a b\n');
  expect(env).toContain('SOURCE_DATE_EPOCH=315532800\n');
  expect(env).toContain(`TMPDIR=${rig.folder}/`);
  expect(env).not.toMatch(/STRANGE|MAKEFLAGS/);
  expect(rig.read('out/devices').trim()).toBe('lo');
  const offline = await rig.synos(['build', '--offline', '--set', 'kernel.network=true']);
  expect(offline.exit).toBe(2);
  expect(offline.err).toContain('run once without --offline');
  await rig.synos(['build', '--set', 'kernel.network=true']);
  const here = readFileSync('/proc/net/dev', 'utf8')
    .split('\n')
    .slice(2, -1)
    .map((line) => line.split(':')[0]?.trim());
  expect(
    rig
      .read('out/devices')
      .split('\n')
      .map((name) => name.trim())
      .filter(Boolean),
  ).toEqual(here);
});

it('a build that fails is shown with its last lines and the first error, where the user has the file', async () => {
  await using rig = await shellProject(
    'cc -c main.c -o main.o || { seq 100; exit 3; }',
    {},
    { 'main.c': 'int x = y;\n' },
  );
  const { exit, err } = await rig.synos(['build']);
  expect(exit).toBe(1);
  expect(err).toContain('sh build.sh exited 3');
  expect(err).toContain('main.c:1:9: error:');
  expect(err).toMatch(/\| 100\n/);
  expect(err).not.toMatch(/\| 50\n/);
});

it('an output that is not there is told with what is there instead', async () => {
  await using rig = await shellProject('mkdir build; echo >build/k.elf; echo >k.bin; echo >main.o');
  const { exit, err } = await rig.synos(['build']);
  expect(exit).toBe(1);
  expect(err).toContain('did not write its output kernel, k.elf');
  expect(err).toMatch(/what is there instead:\n\s+\| build\/k\.elf\n\s+\| k\.bin\n/);
  expect(err).not.toContain('main.o');
});

it('an output that leads out of the build is none', async () => {
  await using rig = await shellProject('ln -s /etc/passwd k.elf');
  expect((await rig.synos(['build'])).exit).toBe(1);
});

it.each([
  ['echo; fasm a b', {}, 'fasm is not installed; it is needed for sh build.sh', 'apt-get install fasm'],
  [
    'printf "a:\\n\\tx86_64-elf-gcc x\\n" >Makefile; make',
    {},
    'x86_64-elf-gcc is not installed',
    'put it on PATH',
  ],
  ['true', { tools: ['yasm'] }, 'yasm is not installed', 'apt-get install yasm'],
  ['true', { command: ['scons'] }, 'scons is not installed', 'apt-get install scons'],
])('a missing program is exit code 4, with its package (%s %j)', async (script, kernel, says, next) => {
  await using rig = await shellProject(script, kernel);
  const { exit, err } = await rig.synos(['build']);
  expect(err).toContain(says);
  expect(err).toContain(next);
  expect(exit).toBe(4);
});

it('a build that runs too long is ended with all that it started', async () => {
  const mark = `98765.${process.pid}`;
  await using rig = await shellProject(`echo begun; sleep ${mark} & setsid sleep ${mark} & wait`, {
    limitSeconds: 1,
  });
  const { exit, err } = await rig.synos(['build']);
  expect(exit).toBe(1);
  expect(err).toContain('still running after 1 s');
  expect(err).toContain('| begun');
  expect(processesWith(mark)).toEqual([]);
});

function processesWith(word: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(word);
    } catch {
      return false; // it ended meanwhile
    }
  });
}

it('where name spaces are refused a build runs in its own folder all the same, and that is said', async () => {
  await using rig = await shellProject('pwd >k.elf; cc -c main.c', {}, { 'main.c': 'int x;\n' });
  const under = ['setpriv', '--bounding-set=-sys_admin', '--inh-caps=-sys_admin', '--'];
  const asRoot = await rig.synos(['build'], { under });
  expect(asRoot.err).toContain('warning: this machine gives no private name spaces');
  expect(asRoot.exit).toBe(0);
  expect(rig.read('out/k.elf')).toMatch(/\.synos\/work\/.*\/build\/tree\n$/);
  put(rig, 'main.c', 'int x = y;\n');
  const failed = await rig.synos(['build'], { under });
  expect(failed.exit).toBe(1);
  expect(failed.err).toContain('| main.c:1:9: error:');
});

it('files that are there already need no command; one that is not is told with the nearest', async () => {
  const outputs = { kernel: 'images/vmlinuz', initrd: 'images/initrd.gz' };
  await using rig = await shellProject(
    '',
    { command: undefined, outputs },
    { 'images/vmlinuz': 'k', 'images/initrd.img': 'i' },
  );
  const missing = await rig.synos(['build']);
  expect(missing.exit).toBe(1);
  expect(missing.err).toMatch(
    /images\/initrd\.gz is needed by kernel\.outputs\.initrd.*\n.*\n\s+\| images\/initrd\.img/,
  );
  put(rig, 'images/initrd.gz', 'i');
  expect((await rig.synos(['build'])).exit).toBe(0);
  expect(rig.read('out/vmlinuz')).toBe('k');
  expect(rig.read('out/initrd.gz')).toBe('i');
});

it('a configuration that cannot be meant is refused before anything runs', async () => {
  await using rig = await shellProject('');
  for (const [kernel, says] of [
    [{ outputs: {} }, 'at least one of'],
    [{ outputs: { kernel: '../k' } }, 'without `..`'],
    [{ outputs: { kernel: '/k' } }, 'without `..`'],
    [{ command: [] }, 'kernel.command'],
    [{ kind: 'docker' }, '`sources` or `command`'],
    [{ compiler: 'gcc' }, 'unknown key'],
  ] as const) {
    rig.write('synos.yaml', configOf(kernel));
    const { exit, err } = await rig.synos(['build']);
    expect(exit, says).toBe(2);
    expect(err).toContain(says);
  }
});
