// The archive that the kernel unpacks into its first file system: cpio "newc" (Linux, Documentation/driver-api/early-userspace/buffer-format.rst).

export type CpioEntry = {
  /** Without a slash at its start. */
  readonly name: string;
  /** Type and permissions. */
  readonly mode: number;
  readonly content?: Uint8Array;
  /** Of a device. */
  readonly device?: { readonly major: number; readonly minor: number };
};

export const cpioFolder = 0o040755;
export const cpioProgram = 0o100755;
export const cpioFile = 0o100644;
export const cpioConsole = 0o020600;

/** All owned by root and of one time; a folder must stand before what is in it. */
export function cpio(entries: readonly CpioEntry[], mtime: number): Buffer {
  const all = entries.map((entry, i) => one(entry, i + 1, mtime));
  return Buffer.concat([...all.flat(), ...one({ name: 'TRAILER!!!', mode: 0 }, 0, 0)]);
}

function one(entry: CpioEntry, inode: number, mtime: number): Uint8Array[] {
  const content = entry.content ?? Buffer.alloc(0);
  const { major = 0, minor = 0 } = entry.device ?? {};
  const isFolder = (entry.mode & 0o170000) === 0o040000;
  const name = Buffer.from(`${entry.name}\0`);
  const numbers = [
    ...[inode, entry.mode, 0, 0, isFolder ? 2 : 1, mtime, content.length],
    ...[0, 0, major, minor, name.length, 0],
  ];
  const header = `070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}`;
  return [Buffer.from(header), name, padding(header.length + name.length), content, padding(content.length)];
}

const padding = (size: number): Buffer => Buffer.alloc((4 - (size % 4)) % 4);
