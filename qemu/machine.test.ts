// The arguments of QEMU: what each machine gets, and that nothing of a user's can become an option.
import { describe, expect, test } from 'vitest';
import { type MachineRun, machineArguments } from './machine.ts';
import { machineOptions } from './options.ts';

function argv(options: object, change: Partial<MachineRun> = {}): string[] {
  return machineArguments({
    options: machineOptions.parse(options),
    media: { kernel: '/store/kernel', image: '/store/image', firmware: { kind: 'builtin' } },
    accelerator: 'tcg',
    exact: false,
    commandLine: '',
    ...change,
  });
}
const valuesOf = (list: readonly string[], name: string): (string | undefined)[] =>
  list.flatMap((word, i) => (word === name ? [list[i + 1]] : []));

test('the default machine, whole', () => {
  expect(
    argv({}, { media: { kernel: '/store/kernel', firmware: { kind: 'rom', rom: '/qboot.rom' } } }).join('\n'),
  ).toMatchInlineSnapshot(`
    "-name
    synos
    -machine
    q35
    -accel
    tcg
    -cpu
    max
    -smp
    1
    -m
    512M
    -no-user-config
    -nodefaults
    -display
    none
    -sandbox
    on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny
    -S
    -action
    reboot=shutdown,shutdown=pause,panic=pause,watchdog=pause
    -chardev
    socket,id=qmp,fd=3
    -mon
    chardev=qmp,mode=control
    -d
    cpu_reset
    -D
    qemu.log
    -device
    {"driver":"isa-debug-exit","iobase":244,"iosize":4}
    -chardev
    file,id=serial,path=serial.raw
    -serial
    chardev:serial
    -bios
    /qboot.rom
    -kernel
    /store/kernel"
  `);
});

test('an exact run counts instructions, from a fixed date and a fixed seed', () => {
  const list = argv({}, { exact: true });
  expect(valuesOf(list, '-icount')).toEqual(['shift=0,sleep=off']);
  expect(valuesOf(list, '-rtc')).toEqual(['base=2020-01-01T00:00:00,clock=vm']);
  expect(valuesOf(list, '-seed')).toEqual(['1']);
});

describe('the ISO is a read-only CD of the raw format', () => {
  test.each([
    [{ boot: 'iso' }, ['ide-cd'], 'ide.2'],
    [{ boot: 'iso', machine: 'pc' }, ['ide-cd'], 'ide.1'],
    [{ boot: 'iso', machine: 'pc', cdrom: 'ahci' }, ['ahci', 'ide-cd'], 'sata.0'],
    [{ boot: 'iso', cdrom: 'scsi' }, ['virtio-scsi-pci', 'scsi-cd'], 'scsi.0'],
  ])('%j', (options, drivers, bus) => {
    const list = argv(options);
    const devices = valuesOf(list, '-device')
      .slice(1)
      .map((text) => JSON.parse(text ?? ''));
    expect(devices.map((device) => device.driver)).toEqual(drivers);
    expect(devices.at(-1)).toMatchObject({ drive: 'cd', bus });
    expect(valuesOf(list, '-blockdev').map((text) => JSON.parse(text ?? ''))).toEqual([
      {
        'node-name': 'cd',
        driver: 'raw',
        'read-only': true,
        file: { driver: 'file', filename: '/store/image', 'read-only': true },
      },
    ]);
  });
});

test('UEFI has its code read-only and its variables in the working folder', () => {
  const list = argv(
    { boot: 'iso', firmware: 'uefi' },
    { media: { image: '/i', firmware: { kind: 'flash', code: '/c' } } },
  );
  const nodes = valuesOf(list, '-blockdev').map((text) => JSON.parse(text ?? ''));
  expect(nodes.map((node) => [node['node-name'], node.file.filename, node['read-only']])).toEqual([
    ['code', '/c', true],
    ['vars', 'vars.fd', false],
    ['cd', '/i', true],
  ]);
  expect(valuesOf(list, '-machine')).toEqual(['q35,pflash0=code,pflash1=vars']);
});

describe('attacks', () => {
  // Each of these attached a file of the host, or created one, when it was put inside an option.
  const hostile = [
    '/tmp/a,file=/etc/shadow',
    '/tmp/fat:rw:/etc',
    '/tmp/x,logfile=/tmp/y',
    '/tmp/"},{"driver":"x',
  ];

  test.each(hostile)('an image named %s stays one file name inside JSON', (image) => {
    const list = argv({ boot: 'iso' }, { media: { image, firmware: { kind: 'builtin' } } });
    expect(
      list.filter((word) => word.includes(image) || word.includes(JSON.stringify(image).slice(1, -1))),
    ).toHaveLength(1);
    expect(JSON.parse(valuesOf(list, '-blockdev')[0] ?? '').file.filename).toBe(image);
  });

  test.each(hostile)('a kernel named %s stays one argument', (kernel) => {
    const list = argv({}, { media: { kernel, firmware: { kind: 'builtin' } } });
    expect(valuesOf(list, '-kernel')).toEqual([kernel]);
  });

  test('a command line with commas, quotes and dashes stays one argument, or a file', () => {
    const commandLine = '-device x,y "z" file=/etc/passwd';
    expect(valuesOf(argv({}, { commandLine }), '-append')).toEqual([commandLine]);
    const list = argv({ boot: 'iso' }, { commandLine });
    expect(valuesOf(list, '-fw_cfg')).toEqual(['name=opt/synos/cmdline,file=cmdline.txt']);
    expect(list.join(' ')).not.toContain('passwd');
  });
});

test('traces are the first boot module of a kernel, and a file of fw_cfg for an ISO', () => {
  const kernel = argv(
    {},
    { media: { kernel: '/store/kernel', firmware: { kind: 'builtin' }, traces: true } },
  );
  expect(valuesOf(kernel, '-initrd')).toEqual(['traces.cpio']);
  const iso = argv(
    { boot: 'iso' },
    { media: { image: '/store/image', firmware: { kind: 'builtin' }, traces: true }, commandLine: 'a=b' },
  );
  expect(valuesOf(iso, '-fw_cfg')).toEqual([
    'name=opt/synos/cmdline,file=cmdline.txt',
    'name=opt/synos/trace,file=traces.cpio',
  ]);
  expect(argv({})).not.toContain('-initrd');
});
