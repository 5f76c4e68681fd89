import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { start } from '../core/exec.ts';
import { FrameError, readFrame } from './ar.ts';
import { type ByteSource, TooMuch } from './bytes.ts';
import { type Most, unpack } from './decompress.ts';
import { arOf, tarOf } from './test-debs.ts';
import { xzSize } from './xz.ts';

const context = { start, signal: new AbortController().signal } as unknown as Parameters<typeof unpack>[2];
const roomy: Most = { control: 1 << 20, data: 64 << 20 };

function pipe(input: Buffer, ...argv: [string, ...string[]]): Buffer {
  const done = spawnSync(argv[0], argv.slice(1), { input, maxBuffer: 1 << 28 });
  if (done.status !== 0) throw new Error(String(done.stderr));
  return done.stdout;
}

const compress: { readonly [suffix: string]: (bytes: Buffer) => Buffer } = {
  '': (bytes) => bytes,
  '.gz': (bytes) => pipe(bytes, 'gzip', '-c'),
  '.xz': (bytes) => pipe(bytes, 'xz', '-c', '--block-size=100000', '-T2'),
  '.zst': (bytes) => pipe(bytes, 'zstd', '-c', '-q'),
  '.bz2': (bytes) => pipe(bytes, 'bzip2', '-c'),
  '.lzma': (bytes) => pipe(bytes, 'xz', '--format=lzma', '-c'),
};

async function all(source: ByteSource): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (;;) {
    const into = Buffer.alloc(10_000);
    const { bytesRead } = await source.read(into, 0, into.length);
    if (bytesRead === 0) return Buffer.concat(pieces);
    pieces.push(into.subarray(0, bytesRead));
  }
}

async function both(deb: Buffer, most = roomy): Promise<{ control: Buffer; data: Buffer }> {
  const opened = await unpack(readFrame(deb), most, context);
  try {
    const control = await all(opened.control);
    await opened.controlRead();
    const data = await all(opened.data);
    await opened.finish();
    return { control, data };
  } finally {
    await opened.close();
  }
}

const control = await tarOf([{ name: './control', content: 'Package: x\nVersion: 1\n' }]);
const data = await tarOf([{ name: './usr/x', content: 'words and numbers 0123456789\n'.repeat(20_000) }]);
const frame = (end: string, controlEnd = end, bytes = data): Buffer =>
  arOf({
    'debian-binary': Buffer.from('2.0\n'),
    [`control.tar${controlEnd}`]: compress[controlEnd]?.(control) ?? control,
    [`data.tar${end}`]: compress[end]?.(bytes) ?? bytes,
  });

test.each(Object.keys(compress))('data.tar%s comes out as dpkg-deb has it', async (end) => {
  const found = await both(frame(end));
  expect(found.control.equals(control)).toBe(true);
  expect(found.data.equals(data)).toBe(true);
});

test('the two members may be compressed in different ways', async () => {
  for (const [a, b] of [
    ['.gz', '.xz'],
    ['.xz', '.zst'],
    ['.xz', ''],
  ] as const)
    expect((await both(frame(b, a))).data.equals(data)).toBe(true);
});

test('signatures may follow; a member too many, in the wrong order, or unknown is refused', () => {
  const parts = { 'debian-binary': Buffer.from('2.0\n'), 'control.tar': control, 'data.tar': data };
  expect(readFrame(arOf({ ...parts, _gpgorigin: Buffer.from('x') })).data.bytes.length).toBe(data.length);
  for (const [members, why] of [
    [{ ...parts, 'data.tar.gz': data }, 'a member too many, data.tar.gz'],
    [{ 'debian-binary': parts['debian-binary'], 'data.tar': data, 'control.tar': control }, 'stands where'],
    [{ 'control.tar': control, 'data.tar': data }, 'no Debian package'],
    [{ ...parts, 'debian-binary': Buffer.from('3.0\n') }, 'no Debian package'],
    [{ 'debian-binary': parts['debian-binary'], 'control.tar.lz4': control }, 'control.tar.lz4 stands'],
    [{ 'debian-binary': parts['debian-binary'], 'control.tar': control }, 'no data.tar'],
  ] as const)
    expect(() => readFrame(arOf(members as { [name: string]: Buffer }))).toThrow(why);
});

test.each(Object.keys(compress))('data.tar%s that is cut off anywhere is refused', async (end) => {
  const whole = frame(end);
  const at = whole.lastIndexOf(`data.tar${end}`) + 60;
  const size = Number(whole.toString('latin1', at - 12, at - 2));
  for (const left of [at, at + 5, at + size / 2, at + size - 13, at + size - 1].map(Math.floor)) {
    const cut = Buffer.from(whole.subarray(0, left));
    cut.write(String(left - at).padEnd(10), at - 12); // a frame that agrees with what is left
    const ended = await both(cut).then(
      ({ data: got }) => got.equals(data),
      (error: unknown) => error,
    );
    // A tar that is not compressed shows that it is cut off to the reader of tar only.
    if (end === '') expect(ended).toBe(false);
    else expect(ended).toBeInstanceOf(Error);
    expect(() => readFrame(whole.subarray(0, left))).toThrow(FrameError);
  }
});

test.each(Object.keys(compress))('a bomb in data.tar%s ends at its limit', async (end) => {
  const bomb = frame(end, end, Buffer.alloc(8 << 20));
  await expect(both(bomb, { ...roomy, data: 1 << 20 })).rejects.toBeInstanceOf(TooMuch);
});

test('an .xz tells its size before anything is decompressed, and a second stream is refused', async () => {
  const packed = compress['.xz']?.(data) as Buffer;
  expect(xzSize(packed)).toBe(data.length);
  expect(() => xzSize(Buffer.concat([packed, packed]))).toThrow(FrameError);
  const lie = Buffer.from(packed);
  lie[packed.length - 20] = (lie[packed.length - 20] as number) ^ 1; // within the index
  await expect(
    both(arOf({ 'debian-binary': Buffer.from('2.0\n'), 'control.tar': control, 'data.tar.xz': lie })),
  ).rejects.toThrow();
});
