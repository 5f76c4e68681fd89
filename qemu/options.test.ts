// A machine description: defaults, and combinations that QEMU could not start.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json } from '../core/json.ts';
import { machineOptions, machinesOptions } from './options.ts';
import { parseBootParams } from './params.ts';

test('nothing said is a machine that works', () => {
  expect(machineOptions.parse({})).toMatchObject({ boot: 'kernel', machine: 'q35', cpus: 1, cpu: 'max' });
});

describe('refused, at the field to change', () => {
  test.each([
    [{ machine: 'microvm', boot: 'iso' }, 'machine', /no CD drive/],
    [{ machine: 'microvm', firmware: 'uefi' }, 'firmware', /no UEFI/],
    [{ boot: 'iso', firmware: 'none' }, 'firmware', /read by firmware/],
    [{ boot: 'kernel', cdrom: 'scsi' }, 'cdrom', /only a machine with/],
    [{ boot: 'disk', firmware: 'none' }, 'firmware', /a disk is read by firmware/],
    [{ boot: 'disk', disk: 'ide' }, 'disk', /no IDE/],
    [{ boot: 'disk', machine: 'microvm' }, 'machine', /reads no disk/],
    [{ boot: 'iso', disk: 'scsi' }, 'disk', /only a machine with/],
    [{ boot: 'iso', format: 'qcow2' }, 'format', /raw/],
    [{ boot: 'firmware', firmware: 'bios' }, 'firmware', /is the firmware/],
    [{ boot: 'iso', initrd: 'x' }, 'initrd', /handed to a kernel/],
    [{ file: '../up' }, 'file', /without `..`/],
    [{ file: 'a/../../up' }, 'file', /without `..`/],
    [{ file: 'a\u2028/../up' }, 'file', /without `..`/],
    [{ file: '/usr/../etc/shadow' }, 'file', /without `..`/],
    [{ file: 'a\0b' }, 'file', /path of a file/],
    [{ file: '' }, 'file', /path of a file/],
    [{ initrd: 'a\nb' }, 'initrd', /path of a file/],
    [{ boot: 'iso', cdrom: 'ide' }, 'cdrom', /no IDE/],
    [{ maxCpus: 1, cpus: 2 }, 'maxCpus', /less than the 2/],
    [{ machine: 'microvm', maxCpus: 2 }, 'maxCpus', /while it runs/],
    [{ machine: 'microvm', numa: [{ cpus: 1, memoryMib: 512 }] }, 'numa', /no NUMA/],
    [{ cpus: 2, numa: [{ cpus: 1, memoryMib: 512 }] }, 'numa', /have 1 CPUs together, the machine 2/],
    [{ numa: [{ cpus: 1, memoryMib: 256 }] }, 'numa', /have 256 MiB together, the machine 512/],
    [{ machine: 'microvm', devices: ['virtio-rng', 'vga'] }, 'devices', /no PCI, which vga needs/],
    [{ devices: ['vga', 'vga'] }, 'devices', /twice/],
    [{ devices: ['vfio-pci'] }, 'devices', /./],
    [{ machine: 'microvm', network: 'e1000' }, 'network', /use virtio/],
    [{ network: true }, 'network', /./],
    [{ disks: [{ bus: 'ide', sizeMib: 1 }] }, 'disks', /no IDE/],
    [
      { machine: 'pc', boot: 'disk', disks: Array(4).fill({ bus: 'ide', sizeMib: 1 }) },
      'disks',
      /four places/,
    ],
    [{ disks: Array(7).fill({ bus: 'ahci', sizeMib: 1 }) }, 'disks', /six places/],
    [{ disks: [{}] }, 'disks', /either a `file` or a `sizeMib`/],
    [{ disks: [{ file: '../x' }] }, 'disks', /without `..`/],
    [{ faults: [{ kind: 'cpu-plug' }] }, 'faults', /`maxCpus` above `cpus`/],
    [{ faults: [{ kind: 'memory-limit', memoryMib: 64 }] }, 'faults', /add virtio-balloon/],
    [
      { devices: ['virtio-balloon'], faults: [{ kind: 'memory-limit', memoryMib: 600 }] },
      'faults',
      /more than the 512 MiB/,
    ],
    [{ faults: [{ kind: 'disk-error' }] }, 'faults', /names disk 0, and `disks` has 0/],
    [{ faults: [{ kind: 'disk-error', disk: 'boot' }] }, 'faults', /needs `boot: disk`/],
    [{ faults: [{ kind: 'link-down' }] }, 'faults', /needs a `network`/],
    [{ exact: true, faults: [{ kind: 'clock-jump', seconds: 1 }] }, 'faults', /exact runs/],
    [{ faults: [{ kind: 'nmi', at: 'soon' }] }, 'faults', /a time as/],
    [{ faults: [{ kind: 'nmi', after: 'a\nb' }] }, 'faults', /one line/],
    [{ faults: [{ kind: 'nmi', seconds: 1 }] }, 'faults', /[Uu]nrecognized/],
    [{ faults: [{ kind: 'meteor' }] }, 'faults', /[Ii]nvalid/],
    [{ cpuFeatures: ['avx2'] }, 'cpuFeatures', /\+ or -/],
    [{ cpuFeatures: ['+avx2,enforce'] }, 'cpuFeatures', /\+ or -/],
    [{ cpu: 'max,host-cache=on' }, 'cpu', /CPU model/],
    [{ cpu: '-help' }, 'cpu', /CPU model/],
    [{ commandLine: 'a\nb' }, 'commandLine', /printable/],
    [{ cpus: 0 }, 'cpus', /./],
    [{ memoryMib: 0.5 }, 'memoryMib', /./],
  ])('%j', (value, path, message) => {
    const { error } = machineOptions.safeParse(value);
    const issue = error?.issues.find((one) => one.path[0] === path);
    expect(issue?.message).toMatch(message);
  });

  test('unknown keys, and names that could not be a folder', () => {
    expect(machineOptions.safeParse({ memory: 5 }).success).toBe(false);
    expect(machinesOptions.safeParse({ '../x': {} }).success).toBe(false);
    expect(machinesOptions.safeParse({ 'direct-2': {} }).success).toBe(true);
  });
});

const params = (options: unknown): Json =>
  ({
    machine: 'direct',
    options,
    exact: false,
    index: 0,
    commandLine: '',
    aids: null,
    observer: null,
    dump: false,
  }) as Json;

describe('a boot task takes the same descriptions', () => {
  test('every one that the schema makes', () => {
    const { boot, machine, firmware, cdrom, accelerator, format, disk } = machineOptions.shape;
    const pick = <T extends string>(field: { unwrap(): { options: readonly T[] } }): fc.Arbitrary<T> =>
      fc.constantFrom(...field.unwrap().options);
    const descriptions = fc.record({
      boot: pick(boot),
      machine: pick(machine),
      firmware: pick(firmware),
      cdrom: pick(cdrom),
      accelerator: pick(accelerator),
      format: pick(format),
      maxCpus: fc.constantFrom(null, 64),
      cpuFeatures: fc.constantFrom([], ['+avx2', '-sse4.2']),
      devices: fc.constantFrom(
        [],
        ['virtio-rng', 'virtio-balloon', 'virtio-console', 'vga', 'usb-keyboard', 'i6300esb', 'pvpanic'],
      ),
      disks: fc.constantFrom(
        [],
        [
          { sizeMib: 1, bus: 'nvme' },
          { file: 'x,y', readOnly: true, format: 'qcow2' },
        ],
      ),
      faults: fc.constantFrom(
        [],
        [{ kind: 'nmi', at: '0.5s', after: 'login: ' }, { kind: 'power-button' }],
        [
          { kind: 'disk-error', once: true, sector: 5 },
          { kind: 'clock-jump', seconds: 2 },
        ],
      ),
      network: fc.constantFrom(false, 'virtio', 'e1000'),
      disk: pick(disk),
      file: fc.constantFrom(null, 'a b,c.iso', '/usr/share/x', 'json:{}'),
      initrd: fc.constantFrom(null, 'fat:rw:x'),
      cpus: fc.integer({ min: 1, max: 64 }),
      memoryMib: fc.constantFrom(16, 512, 1_048_576),
      limits: fc.record({ seconds: fc.constantFrom(1, 86_400), records: fc.constantFrom(1, 1_000_000) }),
    });
    fc.assert(
      fc.property(descriptions, (description) => {
        const parsed = machineOptions.safeParse(description);
        if (parsed.success) expect(() => parseBootParams(params(parsed.data))).not.toThrow();
      }),
    );
  });

  test('and none that the schema would refuse', () => {
    const good = machineOptions.parse({});
    for (const change of [
      { cpu: 'max,x=y' },
      { cpus: 65 },
      { boot: 'net' },
      { file: '../x' },
      { initrd: 7 },
      { format: 'vmdk' },
      { cpuFeatures: ['+a,b'] },
      { devices: ['x,y'] },
      { network: true },
      { faults: [{ kind: 'nmi', at: '0s', after: null, seconds: 1 }] },
      { faults: [{ kind: '__proto__', at: '0s', after: null }] },
      { faults: [{ kind: 'nmi', at: '-1s', after: null }] },
      { disks: [{ file: 'x' }] },
      { numa: [{ cpus: -1, memoryMib: 1 }] },
      { commandLine: 'a\0b' },
      { limits: { ...good.limits, seconds: 0 } },
      { extra: 1 },
    ])
      expect(() => parseBootParams(params({ ...good, ...change }))).toThrow('plan.invalid');
    expect(() => parseBootParams(null)).toThrow('plan.invalid');
    const { boot: _, ...partial } = good;
    expect(() => parseBootParams(params(partial))).toThrow('plan.invalid');
    expect(() => parseBootParams({ ...(params(good) as object), machine: '../up' })).toThrow('plan.invalid');
  });
});
