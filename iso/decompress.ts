// The two compressed members of a .deb as bytes to read: by xz as a process, with nothing of a package on a disk, or by Node's own zlib.
import type { ActionContext } from '../core/action.ts';
import type { Command } from '../core/exec.ts';
import { visibleLines } from '../core/text.ts';
import { type Compression, FrameError, type Packed } from './ar.ts';
import { type ByteSource, drain, Pieces, TooMuch } from './bytes.ts';
import { xzSize } from './xz.ts';

/** Bytes of each member, at the most, when it is decompressed. */
export type Most = { readonly control: number; readonly data: number };

/** `control` is to be read, as far as the caller likes, before `data`. */
export type Unpacked = {
  readonly control: ByteSource;
  readonly data: ByteSource;
  /** Passes over the rest of control. */
  controlRead(): Promise<void>;
  /** Passes over the rest of data, and waits for the decompressor's word that nothing was wrong. */
  finish(): Promise<void>;
  close(): Promise<void>;
};

/** All that is thrown from here and from what it gives for a package's fault is a FrameError, a TooMuch or an error of zlib. */
export async function unpack(
  { control, data }: { readonly control: Packed; readonly data: Packed },
  most: Most,
  context: ActionContext,
): Promise<Unpacked> {
  if (control.compression === 'xz' && data.compression === 'xz') {
    const size = sizeOf(control, most.control);
    sizeOf(data, most.data);
    // One process for both: the start of one costs as much as a megabyte of data.
    const both = await byProcess('xz', [control.bytes, data.bytes], size + most.data, context);
    const part = both.pieces.part(size);
    return unpacked({ ...both, pieces: part, finish: () => drain(part) }, both);
  }
  const first = await open(control, most.control, context);
  return unpacked(first, await open(data, most.data, context));
}

function unpacked(control: Stream<ByteSource>, data: Stream): Unpacked {
  return {
    control: control.pieces,
    data: data.pieces,
    controlRead: () => control.finish(),
    finish: () => data.finish(),
    close: async () => {
      await Promise.all([control.close(), data.close()]);
    },
  };
}

type Stream<S extends ByteSource = Pieces> = {
  readonly pieces: S;
  finish(): Promise<void>;
  close(): Promise<void>;
};

async function open({ compression, bytes }: Packed, most: number, context: ActionContext): Promise<Stream> {
  if (compression === 'xz') sizeOf({ compression, bytes }, most);
  if (compression === 'xz' || compression === 'lzma' || compression === 'bz2')
    return byProcess(compression, [bytes], most, context);
  return inProcess(compression, bytes, most);
}

// What its index says, before a bomb costs anything.
function sizeOf({ bytes }: Packed, most: number): number {
  const size = xzSize(bytes);
  if (size > most) throw new TooMuch(`it comes to more than ${most} bytes`);
  return size;
}

/** dpkg's own most is 128 MiB (xz -9 takes 65). */
const xz = ['xz', '--decompress', '--stdout', '--threads=1', '--memlimit-decompress=192MiB'] as const;
const commands: { readonly [name in 'xz' | 'lzma' | 'bz2']: Command['argv'] } = {
  xz: [...xz, '--format=xz'],
  lzma: [...xz, '--format=lzma'],
  bz2: ['bzip2', '--decompress', '--stdout'],
};

async function byProcess(
  name: keyof typeof commands,
  input: readonly Buffer[],
  most: number,
  context: ActionContext,
): Promise<Stream> {
  // Brief: whoever reads from it is gone with SynOS, and so is it, at its next write.
  const running = await context.start({
    argv: commands[name],
    input,
    streamed: true,
    brief: true,
    limitMs: 300_000,
    keepBytes: 8192,
  });
  const pieces = new Pieces(running.stdout as NonNullable<typeof running.stdout>, most);
  return {
    pieces,
    async finish() {
      await drain(pieces);
      const { exit, signal, timedOut, stderr } = await running.ended;
      context.signal.throwIfAborted();
      if (exit === 0) return;
      const how = timedOut ? 'it took more than 300 s' : `it ended with ${exit ?? signal}`;
      throw new FrameError(`${commands[name][0]}: ${visibleLines(stderr)[0] ?? how}`);
    },
    async close() {
      running.stdout?.destroy();
      await running.end();
    },
  };
}

function inProcess(
  compression: Exclude<Compression, keyof typeof commands>,
  bytes: Buffer,
  most: number,
): Stream {
  const pieces = new Pieces(compression === 'none' ? once(bytes) : inflated(compression, bytes), most);
  return { pieces, finish: () => drain(pieces), close: () => pieces.close() };
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

function inflated(compression: 'gz' | 'zst', bytes: Buffer): AsyncIterable<Buffer> {
  const zlib = process.getBuiltinModule('node:zlib');
  const stream = compression === 'gz' ? zlib.createGunzip() : zlib.createZstdDecompress();
  stream.on('error', () => {}); // told to who reads; nobody may have begun to
  stream.end(bytes);
  return stream;
}
