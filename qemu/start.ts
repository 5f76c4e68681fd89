// From what a boot is given to a QEMU that has started with its machine paused: its files, its arguments, its process.
import { closeSync, copyFileSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { files } from './files.ts';
import { type Guest, startGuest } from './guest.ts';
import { layOutMedia } from './layout.ts';
import { machineArguments } from './machine.ts';
import { findQemu } from './program.ts';
import { openSerialInput, type SerialInput } from './serial-input.ts';
import type { BootHost, BootSetup } from './setup.ts';

export type Machine = {
  readonly argv: readonly [string, ...string[]];
  readonly guest: Guest;
  readonly input: SerialInput | undefined;
};

/** Rejects as `host.start` does; what was started is the host's to end. */
export async function startMachine(setup: BootSetup, host: BootHost): Promise<Machine> {
  const argv = layOut(setup, host);
  // Few boots are profiled.
  if (setup.observer === 'profile')
    (await import('./profile/layout.ts')).layOutProfiler(setup.symbols, host.work);
  const state = setup.state === undefined ? undefined : openSync(setup.state, 'r');
  const command = { argv, cwd: host.work, keepBytes: 65_536, descriptor: state };
  const input = isTypedAt(setup, host) ? await openSerialInput(host.work, host.start) : undefined;
  try {
    const from = setup.state !== undefined;
    return {
      argv,
      input,
      guest: await startGuest(command, host.start, { budget: setup.aids?.budget, from }),
    };
  } finally {
    if (state !== undefined) closeSync(state);
  }
}

function isTypedAt({ options, aids }: BootSetup, { typist }: BootHost): boolean {
  if (aids?.tape === 'replay') return false;
  return typist !== undefined || options.script.length > 0;
}

// Writes the files that QEMU reads; returns its whole command.
function layOut(setup: BootSetup, host: BootHost): readonly [string, ...string[]] {
  const { options, exact } = setup;
  const { work } = host;
  const words = [options.commandLine, setup.commandLine, exact ? 'clock=instructions' : ''];
  const commandLine = words.filter((word) => word !== '').join(' ');
  writeFileSync(join(work, files.cmdline), commandLine);
  // A copy: in the store it is not executable, and its name is not ours to choose.
  if (setup.plugin !== undefined) copyFileSync(setup.plugin, join(work, files.plugin));
  if (setup.traces !== undefined) copyFileSync(setup.traces, join(work, files.traces));
  const media = {
    ...layOutMedia(setup, options, work),
    ...(setup.traces === undefined ? {} : { traces: true as const }),
  };
  return [
    findQemu(),
    ...machineArguments({
      ...{ options, media, exact, commandLine },
      accelerator: setup.accelerator,
      input: isTypedAt(setup, host),
      incoming: setup.state !== undefined,
      ...{ aids: setup.aids, observed: setup.observer != null },
    }),
  ];
}
