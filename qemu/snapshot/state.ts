// A machine's state out of a running QEMU and into another one, over QMP.
import { once } from 'node:events';
import { closeSync, createWriteStream, openSync } from 'node:fs';
import type { Socket } from 'node:net';
import { files } from '../files.ts';
import type { Qmp } from '../qmp.ts';

type Migration = { readonly status?: string; readonly 'error-desc'?: string };

const pollMs = 10;
/** Bytes a second: no limit, since nothing else uses the way. */
const bandwidth = 2 ** 40;

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, pollMs));

/**
 * Stops the guest, and writes its state to a file. QEMU 7.2 migrates to a socket in its working folder, or to descriptors that are sent with
 * a message, which Node cannot do. Why it could not be saved, or undefined.
 */
export async function saveState(
  qmp: Pick<Qmp, 'execute'>,
  work: string,
  target: string,
): Promise<string | undefined> {
  const sink = await openSink(work, target);
  try {
    const why = await migrate(qmp, `unix:${files.state}`);
    if (why === undefined) await sink.written;
    return why;
  } finally {
    sink.close();
  }
}

type Sink = { readonly written: Promise<void>; close(): void };

async function openSink(work: string, target: string): Promise<Sink> {
  const { createServer } = await import('node:net');
  const { pipeline } = await import('node:stream/promises');
  const server = createServer();
  const written = once(server, 'connection').then(([socket]) =>
    pipeline(socket as Socket, createWriteStream(target, { mode: 0o600 })),
  );
  written.catch(() => {}); // told to whoever waits for it
  // The address of a socket has room for 107 bytes, less than many a project's path.
  const folder = openSync(work, 'r');
  try {
    server.listen(`/proc/self/fd/${folder}/${files.state}`);
    await once(server, 'listening');
  } finally {
    closeSync(folder);
  }
  return { written, close: () => void server.close() };
}

async function migrate(qmp: Pick<Qmp, 'execute'>, uri: string): Promise<string | undefined> {
  await qmp.execute('stop');
  await qmp.execute('migrate-set-parameters', { 'max-bandwidth': bandwidth });
  await qmp.execute('migrate', { uri });
  for (;;) {
    const { status, 'error-desc': why } = (await qmp.execute('query-migrate')) as Migration;
    if (status === 'completed') return undefined;
    if (status === 'failed' || status === 'cancelled') return `QEMU could not save it: ${why ?? status}`;
    await pause();
  }
}

/** Resolves when QEMU has read the state that it was started with; it stands still then. Rejects when QEMU is gone. */
export async function whenLoaded(qmp: Pick<Qmp, 'execute'>): Promise<void> {
  for (;;) {
    const { status } = (await qmp.execute('query-status')) as { status: string };
    if (status !== 'inmigrate') return;
    await pause();
  }
}
