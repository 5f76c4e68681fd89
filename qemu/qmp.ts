// QEMU's machine protocol over an inherited socket: commands with their answers, and events.
import type { Duplex } from 'node:stream';

export type QmpEvent = { readonly event: string; readonly data: { readonly reason?: unknown } };

export type Qmp = {
  /** QEMU's version, as "7.2.22 (Debian 1:7.2+dfsg-7)"; known once `ready` resolved. */
  version(): string;
  /** Resolves when commands are accepted; rejects when the socket closes before. */
  readonly ready: Promise<void>;
  /** Resolves with `return`; rejects with a QmpRefusal, or with another error when the socket is closed. */
  execute(command: string, args?: { readonly [key: string]: unknown }): Promise<unknown>;
  /** The text that the human monitor prints for a command; `cpu` is the one whose eyes it looks through, else the first. */
  monitor(commandLine: string, cpu?: number): Promise<string>;
};

/** QEMU understood a command and would not do it; the message is its own. */
export class QmpRefusal extends Error {}

type Message = {
  QMP?: { version?: { qemu?: { major: number; minor: number; micro: number }; package?: string } };
  event?: string;
  data?: { reason?: unknown };
  id?: number;
  return?: unknown;
  error?: { class: string; desc: string };
};
type Waiting = { resolve(value: unknown): void; reject(error: Error): void };

/** A line longer than this is not QMP; `info registers` of 64 CPUs is 200 KB. */
const longestLine = 4 << 20;

/** Greets, and from then on tells every event. The socket is read until it closes. */
export function openQmp(socket: Duplex, onEvent: (event: QmpEvent) => void): Qmp {
  const waiting = new Map<number, Waiting>();
  let version = 'unknown';
  let next = 0;
  let closed = false;
  let open = '';

  const execute: Qmp['execute'] = (command, args) =>
    new Promise((resolve, reject) => {
      if (closed) return reject(new Error(`QMP is closed: ${command}`));
      const id = next++;
      waiting.set(id, { resolve, reject });
      socket.write(`${JSON.stringify({ execute: command, arguments: args ?? {}, id })}\n`);
    });
  const onMessage = (message: Message): void => {
    if (message.QMP) version = versionText(message.QMP);
    if (message.event !== undefined) onEvent({ event: message.event, data: message.data ?? {} });
    if (message.id === undefined) return;
    const request = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error) request?.reject(new QmpRefusal(message.error.desc));
    else request?.resolve(message.return);
  };
  const close = (): void => {
    closed = true;
    for (const request of waiting.values()) request.reject(new Error('QMP was closed'));
    waiting.clear();
  };

  socket.on('data', (chunk: Buffer) => {
    const lines = (open + chunk.toString('utf8')).split('\n');
    open = lines.pop() ?? '';
    if (open.length > longestLine) socket.destroy();
    for (const line of lines) {
      const message = parseMessage(line);
      if (message) onMessage(message);
    }
  });
  // QEMU that dies closes the socket; that is told by its exit code, not here.
  socket.on('error', close);
  socket.on('close', close);

  // QEMU reads commands in order, so the handshake need not wait for the greeting.
  const ready = execute('qmp_capabilities').then(() => undefined);
  ready.catch(() => {}); // whoever awaits it gets the error; nobody may
  const monitor: Qmp['monitor'] = async (commandLine, cpu = 0) =>
    String(await execute('human-monitor-command', { 'command-line': commandLine, 'cpu-index': cpu }));
  return { version: () => version, ready, execute, monitor };
}

function parseMessage(line: string): Message | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Message) : undefined;
  } catch {
    return undefined;
  }
}

function versionText(greeting: NonNullable<Message['QMP']>): string {
  const qemu = greeting.version?.qemu;
  if (!qemu) return 'unknown';
  const number = `${qemu.major}.${qemu.minor}.${qemu.micro}`;
  return greeting.version?.package ? `${number} (${greeting.version.package})` : number;
}
