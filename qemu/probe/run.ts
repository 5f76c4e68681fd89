// Runs the probe guest under an accelerator: the only proof that it works. /dev/kvm may open, create a machine, and then fault every guest.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command, Running } from '../../core/exec.ts';
import { visibleUpTo } from '../../core/text.ts';
import type { Accelerator } from '../machine.ts';
import { findQemu } from '../program.ts';
import { probeImage } from './image.ts';

export type ProbeHost = {
  /** A folder to write into. */
  readonly work: string;
  start(command: Command): Promise<Running>;
};

export type ProbeAnswer = {
  readonly runs: boolean;
  /** Why not, in a few words; empty when it runs. */
  readonly reason: string;
  /** Another try may end otherwise: the answer must not be kept. */
  readonly uncertain: boolean;
};

const passed = 85;
const said = 'synos probe ran\n';
/** It takes a seventh of a second, most of it QEMU's own start. */
const limitMs = { kvm: 1500, tcg: 10_000 } as const;

/** Throws SynosError tool.missing when there is no QEMU. */
export async function runProbe(accelerator: Accelerator, cpu: string, host: ProbeHost): Promise<ProbeAnswer> {
  writeFileSync(join(host.work, 'probe.elf'), probeImage);
  const running = await host.start({
    argv: [findQemu(), ...probeArguments(accelerator, cpu)],
    cwd: host.work,
    limitMs: limitMs[accelerator],
    keepBytes: 16_384,
  });
  const ended = await running.ended;
  const text = readText(join(host.work, 'probe.txt'));
  if (ended.timedOut)
    return {
      runs: false,
      reason: `a probe guest did not end within ${limitMs[accelerator] / 1000} s`,
      uncertain: true,
    };
  if (ended.aborted) return { runs: false, reason: 'the probe was stopped', uncertain: true };
  if (ended.exit === passed && text === said) return { runs: true, reason: '', uncertain: false };
  return { runs: false, reason: whyNot(ended.exit, ended.stderr), uncertain: ended.signal === 'SIGKILL' };
}

// The same board and firmware as most machines have; -no-reboot makes a triple fault an exit with code 0.
function probeArguments(accelerator: Accelerator, cpu: string): string[] {
  return [
    ...['-accel', accelerator, '-machine', 'q35', '-cpu', cpu, '-m', '32M'],
    ...['-no-user-config', '-nodefaults', '-display', 'none', '-no-reboot'],
    ...['-chardev', 'file,id=serial,path=probe.txt', '-serial', 'chardev:serial'],
    ...['-device', JSON.stringify({ driver: 'isa-debug-exit', iobase: 0xf4, iosize: 4 })],
    ...['-kernel', 'probe.elf'],
  ];
}

function whyNot(exit: number | null, stderr: string): string {
  const words = stderr.split('\n').find((line) => /error|fail|denied|Could not/i.test(line));
  if (words) return visibleUpTo(words.replace(/^\S*qemu-system-\S+: (?:error: )?/, '').trim(), 200);
  if (exit === 0) return 'a probe guest reset (triple fault) instead of running';
  return `a probe guest ended with exit code ${exit ?? 'none'} instead of ${passed}`;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1').slice(0, 256);
  } catch {
    return '';
  }
}
