// The parts of the initramfs: init's text functions on this machine, modules of a compiler's making, and the archive read by cpio.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Task, taskId } from '../core/task.ts';
import { isoActions } from './actions.ts';
import { moduleTable } from './initramfs/choose.ts';
import { cpio, cpioConsole, cpioFile, cpioFolder } from './initramfs/cpio.ts';
import { ModuleError, moduleInfo, moduleName } from './initramfs/modinfo.ts';
import { type MadeDeb, makeDeb, sh, stock } from './test-debs.ts';
import { type Drive, makeDrive } from './test-drive.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'synos-initramfs-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** An object file with this section .modinfo, as a kernel's build makes it. */
async function compiledModule(texts: readonly string[]): Promise<Buffer> {
  const bytes = texts.map((text) => `${text}\\0`).join('');
  const source = `__attribute__((section(".modinfo"), used)) static const char info[] = "${bytes}";\n`;
  await writeFile(join(home, 'module.c'), source);
  await sh('gcc', '-c', '-o', join(home, 'module.o'), join(home, 'module.c'));
  return readFile(join(home, 'module.o'));
}

test('the text functions of init, under the sanitizers', async () => {
  const init = join(import.meta.dirname, 'initramfs');
  const program = join(home, 'text');
  const flags = ['-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-Wall', '-Werror'];
  await sh('gcc', ...flags, '-o', program, join(init, 'test/text.c'), join(init, 'text.c'));
  expect(await sh(program)).toBe('all of it holds\n');
});

describe('what a module says of itself', () => {
  test('is read from its file: what it needs, and its devices', async () => {
    const texts = ['license=GPL', 'alias=pci:v*d*sv*sd*bc01sc06i01*', 'depends=libata,scsi-mod'];
    const info = moduleInfo(await compiledModule([...texts, 'softdep=pre: crc32c post: late', 'name=ahci']));
    expect(info.needs).toEqual(['libata', 'scsi_mod', 'crc32c']);
    expect(info.aliases).toEqual(['pci:v*d*sv*sd*bc01sc06i01*']);
  });

  test('a module under a hostile name or alias is refused: init reads both', async () => {
    for (const text of ['depends=../x', 'alias=pci:\u0001'])
      await expect(compiledModule([text]).then(moduleInfo), text).rejects.toThrow(ModuleError);
  });

  test('no part of a damaged file is read beyond its end', async () => {
    const whole = await compiledModule(['depends=a']);
    for (let size = 0; size < whole.length; size += 13)
      expect(() => moduleInfo(whole.subarray(0, size)), `${size} bytes`).toThrow(ModuleError);
  });

  test.each([
    ['kernel/drivers/ata/ata-piix.ko', 'ata_piix'],
    ['x/isofs.ko.xz', 'isofs'],
    ['x/loop.ko.zst', 'loop'],
  ])('%s is %s', (path, name) => {
    expect(moduleName(path)).toBe(name);
  });
});

test('each module stands in the table behind all that it needs, whatever the order of their names', () => {
  const modules = new Map([
    ['sr_mod', { needs: ['cdrom', 'a_scsi'], aliases: ['scsi:t-0x05*'] }],
    ['cdrom', { needs: [], aliases: [] }],
    ['a_scsi', { needs: ['z_common', 'in_kernel'], aliases: ['block-major-8-*'] }],
    ['z_common', { needs: ['a_scsi'], aliases: [] }],
    ['useless', { needs: [], aliases: [] }],
  ]);
  const { names, table } = moduleTable(modules, ['sr_mod', 'useless'], new Set(['in_kernel']));
  expect(names).toEqual(['a_scsi', 'cdrom', 'sr_mod', 'z_common']);
  expect(table.split('\n')).toEqual([
    'm a_scsi z_common',
    'm cdrom',
    'm sr_mod cdrom z_common a_scsi',
    'm z_common a_scsi',
    'a sr_mod scsi:t-0x05*',
    '',
  ]);
});

test('cpio reads the archive, devices and times included', async () => {
  const archive = join(home, 'archive');
  const entries = [
    { name: 'dev', mode: cpioFolder },
    { name: 'dev/console', mode: cpioConsole, device: { major: 5, minor: 1 } },
    { name: 'odd', mode: cpioFile, content: Buffer.from('12345') },
  ];
  await writeFile(archive, cpio(entries, 86_400));
  const list = await sh('sh', '-c', 'cpio --list --verbose --numeric-uid-gid --quiet <"$1"', 'sh', archive);
  expect(list.split('\n').map((line) => line.split(/\s+/).filter((_, i) => i !== 1))).toMatchObject([
    ['drwxr-xr-x', '0', '0', '0', 'Jan', '2', '1970', 'dev'],
    ['crw-------', '0', '0', '5,', '1', 'Jan', '2', '1970', 'dev/console'],
    ['-rw-r--r--', '0', '0', '5', 'Jan', '2', '1970', 'odd'],
    [''],
  ]);
});

describe('from the package of a kernel', () => {
  let drive: Drive;
  beforeAll(async () => {
    drive = await makeDrive(isoActions);
  });
  afterAll(() => drive[Symbol.asyncDispose]());

  const task = ({ deb }: MadeDeb): Task => ({
    id: taskId('initramfs'),
    kind: 'iso.initramfs',
    params: { epoch: 86_400, debs: [deb], mirrors: { debian: ['http://127.0.0.1:1'], security: [] } },
    inputs: {},
    outputs: ['initrd', 'linux'],
    demand: { cpus: 1, memoryMib: 64, io: 0 },
    limitMs: 60_000,
    cacheable: true,
    title: 'initramfs',
  });

  test('compressed modules are packed as they are without compression, with what they need and nothing else', async () => {
    const folder = 'lib/modules/1/kernel/';
    const loose = await compiledModule(['depends=', 'name=needed']);
    const disk = await compiledModule(['depends=needed', 'alias=pci:v1*']);
    await writeFile(join(home, 'disk'), disk);
    await sh('xz', '--keep', '--force', join(home, 'disk'));
    const made = await makeDeb({
      name: 'linux-image-1',
      files: {
        'boot/vmlinuz-1': 'a kernel',
        'lib/modules/1/modules.builtin':
          'kernel/fs/isofs.ko\nkernel/fs/squashfs.ko\nkernel/overlay.ko\nkernel/loop.ko\n',
        [`${folder}net/other.ko`]: 'never read',
        [`${folder}drivers/ata/a-disk.ko.xz`]: await readFile(join(home, 'disk.xz')),
        [`${folder}lib/needed.ko`]: loose,
      },
    });
    await stock(join(drive.home, 'shared'), [made]);
    await drive.run([task(made)]);
    const out = (output: string): string => drive.path({ task: taskId('initramfs'), output });
    expect(await readFile(out('linux'), 'utf8')).toBe('a kernel');
    const archive = zstdDecompressSync(await readFile(out('initrd')));
    expect(archive.includes(disk)).toBe(true);
    expect(archive.includes(loose)).toBe(true);
    expect(archive.includes('never read')).toBe(false);
    expect(archive.toString('latin1')).toContain('m a_disk needed\nm needed\na a_disk pci:v1*\n');
  });

  test('a kernel that can mount no live system is refused by what it lacks', async () => {
    const made = await makeDeb({ name: 'linux-image-2', files: { 'boot/vmlinuz-2': 'x' } });
    await stock(join(drive.home, 'shared'), [made]);
    await expect(drive.run([task(made)])).rejects.toThrow(
      /it has no isofs, no squashfs, no overlay, no loop/,
    );
  });
});
