// Chooses how guest instructions run: KVM where a probe guest really ran under it, else TCG. The answer is kept until the machine
// restarts, QEMU changes or /dev/kvm is another one.
import {
  accessSync,
  constants,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { digestOf, digestOfJson } from '../core/digest.ts';
import type { Emit } from '../core/event.ts';
import { SynosError } from '../core/failure.ts';
import { isObject, type Json } from '../core/json.ts';
import type { Accelerator } from './machine.ts';
import type { MachineOptions } from './options.ts';
import { probeImage } from './probe/image.ts';
import { type ProbeHost, runProbe } from './probe/run.ts';
import { findQemu } from './program.ts';

export type AcceleratorHost = ProbeHost & {
  /** Where the answer is kept. */
  readonly shared: string;
  readonly emit: Emit;
};

type Answer = { readonly runs: boolean; readonly reason: string };

const device = '/dev/kvm';

/** Answers that a slow host may be the reason for, by the place of a certain one: good enough until this process ends. */
const thisProcess = new Map<string, Answer>();

/**
 * TCG for exact runs, whatever else was asked for: instructions can only be counted there. Throws SynosError accelerator.unusable where
 * KVM is insisted on and cannot run a guest.
 */
export async function chooseAccelerator(
  options: Pick<MachineOptions, 'accelerator' | 'cpu'>,
  exact: boolean,
  host: AcceleratorHost,
): Promise<Accelerator> {
  if (exact || options.accelerator === 'tcg') return 'tcg';
  const answer = await askKvm(options.cpu, host);
  if (answer.runs) return 'kvm';
  if (options.accelerator === 'kvm')
    throw new SynosError({ code: 'accelerator.unusable', wanted: 'kvm', reason: answer.reason });
  host.emit({ type: 'warning', message: `KVM cannot run a guest here, TCG is used (${answer.reason})` });
  return 'tcg';
}

/** Whether KVM runs a guest with this CPU model, from the kept answer or from a probe. */
export async function askKvm(cpu: string, host: Omit<AcceleratorHost, 'emit'>): Promise<Answer> {
  const closed = whyClosed();
  if (closed !== undefined) return { runs: false, reason: closed };
  const path = join(host.shared, `accelerator-${identity(cpu)}.json`);
  const kept = readKept(path);
  if (kept) return kept;
  const said = thisProcess.get(path);
  if (said) return said;
  const { runs, reason, uncertain } = await runProbe('kvm', cpu, host);
  if (uncertain) thisProcess.set(path, { runs, reason });
  else keep(path, { runs, reason });
  return { runs, reason };
}

// Why the device cannot even be opened; undefined where it can.
function whyClosed(): string | undefined {
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return `there is no ${device}`;
    return `${device} cannot be opened (${code}): add this user to the group kvm`;
  }
}

// All that the answer depends on. The boot id stands for the host's kernel and its modules.
function identity(cpu: string): string {
  const kvm = statSync(device);
  const qemu = realpathSync(findQemu());
  const { size, mtimeMs } = statSync(qemu);
  return digestOfJson({
    boot: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(),
    device: [kvm.dev, kvm.ino, kvm.rdev, kvm.ctimeMs],
    qemu: [qemu, size, mtimeMs],
    probe: digestOf(probeImage),
    cpu,
  }).slice(0, 32);
}

// Anything but an answer is as good as none: the probe is run again.
function readKept(path: string): Answer | undefined {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Json;
    if (!isObject(value)) return undefined;
    const { runs, reason } = value;
    return typeof runs === 'boolean' && typeof reason === 'string' ? { runs, reason } : undefined;
  } catch {
    return undefined;
  }
}

function keep(path: string, answer: Answer): void {
  const part = `${path}.${process.pid}.part`;
  writeFileSync(part, JSON.stringify(answer));
  renameSync(part, path);
}
