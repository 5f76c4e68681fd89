// What cannot be started is told from its headers, before QEMU runs: each kind of bad ISO, disk, firmware and path. Kernels: kernel-check.test.ts.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { treeMedia } from './media-check.ts';
import { machineOptions } from './options.ts';
import { elf, mediaTree } from './test-media.ts';

const shop = mediaTree();
const { tree, file, told } = shop;
afterAll(shop.remove);

const sector = 2048;
/** Volume descriptor, boot record, catalogue with the entries' platforms. */
function iso(platforms: readonly number[], sectors = 40): Buffer {
  const bytes = Buffer.alloc(sectors * sector);
  bytes.write('\x01CD001', 16 * sector, 'latin1');
  bytes.writeUInt32LE(sectors, 16 * sector + 80);
  bytes.write('\0CD001\x01EL TORITO SPECIFICATION', 17 * sector, 'latin1');
  bytes.writeUInt32LE(20, 17 * sector + 0x47);
  const catalogue = bytes.subarray(20 * sector);
  catalogue.set([1, platforms[0] ?? 0]);
  catalogue.set([0x55, 0xaa], 30);
  let at = 32;
  for (const [i, platform] of platforms.entries()) {
    if (i > 0) {
      catalogue.set([0x91, platform], at);
      at += 32;
    }
    catalogue[at] = 0x88;
    catalogue.writeUInt32LE(21, at + 8);
    at += 32;
  }
  return bytes;
}

function qcow2(change: (bytes: Buffer) => void = () => {}): Buffer {
  const bytes = Buffer.alloc(65_536);
  bytes.write('QFI\xfb', 0, 'latin1');
  bytes.writeUInt32BE(3, 4);
  bytes.writeBigUInt64BE(1n << 20n, 24);
  change(bytes);
  return bytes;
}
const backed = (): Buffer =>
  qcow2((bytes) => {
    bytes.writeBigUInt64BE(512n, 8);
    bytes.writeUInt32BE(11, 16);
    bytes.write('/etc/shadow', 512);
  });

describe('an ISO', () => {
  test('for BIOS, UEFI or both is taken by what reads it', () => {
    const both = file(iso([0, 0xef]));
    expect(told({ boot: 'iso', file: both })).toBe('fine');
    expect(told({ boot: 'iso', file: both, firmware: 'uefi' })).toBe('fine');
    expect(told({ boot: 'iso', file: file(iso([0])), firmware: 'uefi' })).toMatch(/no boot entry for UEFI/);
    expect(told({ boot: 'iso', file: file(iso([0xef])) })).toMatch(/no boot entry for a BIOS/);
  });

  test.each<[string, Buffer, RegExp]>([
    [
      'no boot record',
      Buffer.from(iso([0]).fill(0, 17 * sector, 18 * sector)),
      /^2: .*an ISO without a boot record/,
    ],
    ['nothing of an ISO', Buffer.alloc(100_000), /no ISO 9660 image/],
    ['a few bytes', Buffer.from('iso'), /3 bytes, less than any ISO/],
    ['its end missing', iso([0], 400).subarray(0, 60 * sector), /truncated: its volume has/],
    ['a catalogue that is not there', iso([0]).fill(0, 20 * sector, 21 * sector), /no boot catalogue/],
    ['qcow2 inside', qcow2(), /it is a qcow2 image, not a raw one/],
    [
      'qcow2 with a backing file inside',
      backed(),
      /qcow2 image with the backing file \/etc\/shadow, not a raw one/,
    ],
    ['vmdk inside', Buffer.from('KDMV'.padEnd(100_000)), /vmdk image/],
    [
      'a vmdk description inside',
      Buffer.from('# Disk DescriptorFile\nRW 2 FLAT "/etc/shadow" 0\n'),
      /vmdk image/,
    ],
  ])('with %s is refused', (_, bytes, message) => {
    expect(told({ boot: 'iso', file: file(bytes) })).toMatch(message);
  });
});

describe('a disk', () => {
  const signed = Buffer.alloc(4096);
  signed.set([0x55, 0xaa], 510);

  test('needs a boot signature for a BIOS, and a partition table or file system for UEFI', () => {
    expect(told({ boot: 'disk', file: file(signed) })).toBe('fine');
    expect(told({ boot: 'disk', file: file(Buffer.alloc(4096)) })).toMatch(/^2: .*no boot signature/);
    expect(told({ boot: 'disk', file: file(Buffer.alloc(10)) })).toMatch(/less than one sector/);
    const gpt = Buffer.alloc(4096);
    gpt.write('EFI PART', 512);
    expect(told({ boot: 'disk', file: file(gpt), firmware: 'uefi' })).toBe('fine');
    expect(told({ boot: 'disk', file: file(gpt) })).toMatch(/no boot signature/);
  });

  test('is qcow2 only where the machine says so, and only alone', () => {
    expect(told({ boot: 'disk', file: file(qcow2()) })).toMatch(/say `format: qcow2`/);
    expect(told({ boot: 'disk', file: file(qcow2()), format: 'qcow2' })).toBe('fine');
    expect(told({ boot: 'disk', file: file(signed), format: 'qcow2' })).toMatch(/it is no qcow2 image/);
    expect(told({ boot: 'disk', file: file(backed()), format: 'qcow2' })).toMatch(
      /backing file \/etc\/shadow/,
    );
    const data = qcow2((bytes) => bytes.writeBigUInt64BE(4n, 72));
    expect(told({ boot: 'disk', file: file(data), format: 'qcow2' })).toMatch(/data in another file/);
    const secret = qcow2((bytes) => bytes.writeUInt32BE(2, 32));
    expect(told({ boot: 'disk', file: file(secret), format: 'qcow2' })).toMatch(/encrypted/);
  });
});

test('a firmware image has a whole number of 64 KiB and code at its end', () => {
  const rom = Buffer.alloc(65_536);
  rom[65_520] = 0xea;
  expect(told({ boot: 'firmware', file: file(rom) })).toBe('fine');
  expect(told({ boot: 'firmware', file: file(Buffer.alloc(65_536)) })).toMatch(/reset vector/);
  expect(told({ boot: 'firmware', file: file(rom.subarray(100)) })).toMatch(/no multiple of 64 KiB/);
  expect(told({ boot: 'firmware', file: file(rom, 32 << 20) })).toMatch(/at most 16 MiB/);
});

describe('a path', () => {
  test('that is no file is told as what it is, and nothing waits for a FIFO', () => {
    mkdirSync(join(tree, 'folder'));
    execFileSync('mkfifo', [join(tree, 'pipe')]);
    expect(told({ file: 'folder' })).toMatch(/^2: .*it is a directory/);
    expect(told({ file: 'pipe' })).toMatch(/^2: .*it is a FIFO/);
    expect(told({ boot: 'disk', file: '/dev/null' })).toMatch(/^2: .*it is a device/);
    expect(told({ initrd: 'folder' })).toMatch(/it is a directory/);
    expect(told({ file: 'nothing' })).toMatch(/^1: nothing is needed by machine test and does not exist/);
    symlinkSync('round', join(tree, 'round'));
    expect(told({ file: 'round' })).toMatch(/does not exist/);
  });

  // What QEMU would open elsewhere if it were given these as they are.
  test.each([
    'json:{"driver":"file","filename":"/etc/shadow"}',
    'fat:rw:folder',
    'nbd:localhost:10809',
    'http://localhost/x',
    'a,file=/etc/shadow',
  ])('named %s is a file of this name or none', (name) => {
    expect(told({ boot: 'disk', file: name })).toMatch(/does not exist/);
  });

  test('outside the project is taken only where everybody may read it', () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'synos-elsewhere-'));
    try {
      const path = join(elsewhere, 'kernel');
      writeFileSync(path, elf());
      chmodSync(path, 0o644);
      expect(told({ file: path })).toMatch(/outside the project, and not everybody/); // mkdtemp makes 0700
      chmodSync(elsewhere, 0o755);
      expect(told({ file: path })).toBe('fine');
      expect(treeMedia(tree, 'test', machineOptions.parse({ file: path })).file).toMatch(/^\.\.\//);
      chmodSync(path, 0o600);
      expect(told({ file: path })).toMatch(/outside the project/);
      symlinkSync(path, join(tree, 'link'));
      expect(told({ file: 'link' })).toMatch(/outside the project/);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });
});
