// `synos boot -i`: the terminal as the guest's serial console. Keys go to the guest's serial port, what it writes comes through a filter.
import { closeSync, constants, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import type { Event } from '../../core/event.ts';
import { terminalFilter } from '../../core/terminal-filter.ts';
import { writeErr } from '../ui/output.ts';

const ctrlA = 0x01;
const pollMs = 15;
const help = 'Ctrl-A x: end the machine   Ctrl-A a: Ctrl-A itself   Ctrl-A h: this';

type Attached = { readonly input: number; readonly log: number; readonly end: string };

/** A reader of events: a machine that can be typed at is attached, and given up when it is over. */
export function consoleReader(): (event: Event) => void {
  let close: () => void = () => {};
  return (event) => {
    if (event.type === 'boot.console') close = attach(event);
    if (event.type === 'boot.ended') close();
  };
}

function attach({ input, log, end }: Extract<Event, { type: 'boot.console' }>): () => void {
  const machine: Attached = {
    input: openSync(input, constants.O_WRONLY | constants.O_NONBLOCK),
    log: openSync(log, 'r'),
    end,
  };
  writeErr(`console ${help}`);
  const keys = keyReader(machine);
  const show = screen(machine.log);
  const { stdin } = process;
  stdin.setRawMode?.(true);
  stdin.on('data', keys).resume();
  const timer = setInterval(show, pollMs);
  return () => {
    clearInterval(timer);
    show();
    stdin.off('data', keys).pause();
    stdin.setRawMode?.(false);
    closeSync(machine.input);
    closeSync(machine.log);
    writeErr('');
  };
}

function screen(log: number): () => void {
  const filter = terminalFilter();
  const buffer = Buffer.allocUnsafe(65_536);
  let at = 0;
  return () => {
    for (let got = readSync(log, buffer, 0, buffer.length, at); got > 0; ) {
      at += got;
      process.stderr.write(Buffer.from(filter(buffer.subarray(0, got)), 'latin1'));
      got = readSync(log, buffer, 0, buffer.length, at);
    }
  };
}

function keyReader({ input, end }: Attached): (bytes: Buffer) => void {
  let escaped = false;
  return (bytes) => {
    for (const byte of bytes) {
      if (escaped) command(String.fromCharCode(byte), input, end);
      else if (byte !== ctrlA) type(input, byte);
      escaped = !escaped && byte === ctrlA;
    }
  };
}

function command(key: string, input: number, end: string): void {
  if (key === 'x') writeFileSync(end, '');
  else if (key === 'a' || key === '\x01') type(input, ctrlA);
  else writeErr(`\r\n${help}\r`);
}

function type(input: number, byte: number): void {
  try {
    writeSync(input, Buffer.of(byte));
  } catch {
    process.stderr.write('\x07'); // 64 KiB wait already for a guest that does not read
  }
}
