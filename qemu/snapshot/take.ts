// Boots a machine until it is ready, and writes its state to a file: its memory without empty pages, its devices, as QEMU migrates them.
import { join } from 'node:path';
import { SynosError } from '../../core/failure.ts';
import { files } from '../files.ts';
import { patienceFor } from '../limits.ts';
import { serialReader } from '../serial.ts';
import type { BootHost, BootSetup } from '../setup.ts';
import { startMachine } from '../start.ts';
import { followFile } from '../tail.ts';
import { watchGuest } from '../watch.ts';

/** The guest goes on until its line was read; each look costs a few microseconds. */
const pollMs = 5;

/**
 * Ready is what the machine's `ready` rule says, else its `hello` record. The serial log up to then is left as `files.serial`. Throws
 * SynosError artefact.invalid when the guest ends before.
 */
export async function takeSnapshot(setup: BootSetup, host: BootHost, target: string): Promise<void> {
  const { options, machine } = setup;
  const { guest, input } = await startMachine(setup, host);
  const serial = serialReader({ line() {}, gathered() {} }, { rules: options.rules });
  const tail = followFile(join(host.work, files.serial));
  const isReady = (): boolean =>
    options.rules?.ready === undefined
      ? serial.harvest().hello !== null
      : serial.state().rules?.ready !== undefined;
  const ended = () => (host.signal.aborted ? ({ cause: 'exit' } as const) : guest.ended());
  host.signal.addEventListener('abort', guest.wake, { once: true });
  const wakes = tail.onGrowth(guest.wake);
  try {
    guest.go();
    const stop = await watchGuest({
      limits: options.limits,
      patience: patienceFor(options, setup.exact),
      poll: () => tail.poll(serial.feed),
      serial: serial.state,
      ended: () => ended() ?? (isReady() ? { cause: 'done', what: 'ready' } : undefined),
      registers: guest.registers,
      prove: guest.prove,
      cpuMs: guest.cpuMs,
      wakes,
      pause: (ms) => guest.pause(Math.min(ms, pollMs)),
    });
    host.signal.throwIfAborted();
    if (stop.cause !== 'done') throw notReady(machine, `it ended before it was ready (${stop.cause})`);
    const why = await guest.save(target);
    // A quick guest goes on while its line is read.
    if (guest.ended()) throw notReady(machine, 'it ended before it could be stopped');
    if (why !== undefined) throw notReady(machine, why);
  } finally {
    host.signal.removeEventListener('abort', guest.wake);
    tail.close();
    input?.close();
    await guest.finish();
  }
}

function notReady(machine: string, reason: string): SynosError {
  return new SynosError({ code: 'artefact.invalid', what: `the snapshot of ${machine}`, reason });
}
