// The recording of an exact run: what it holds, whether it fits the machine that is to run from it, and whether the replay was the same run.
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ActionContext } from '../core/action.ts';
import { SynosError } from '../core/failure.ts';
import type { Json } from '../core/json.ts';
import type { BootOutcome } from '../core/outcome.ts';
import { fields, text, whole } from './checks.ts';
import { files } from './files.ts';
import type { MachineOptions } from './options.ts';
import { findQemu } from './program.ts';
import { tapeOutput } from './tape-plan.ts';

/** What a recording says of its run, before QEMU's own bytes. */
export type Tape = {
  /** What `qemu --version` prints. */
  readonly qemu: string;
  /** Of the description of the machine and its command line. */
  readonly machine: string;
  /** Of all that the machine starts. */
  readonly media: string;
  readonly serial: string;
  readonly serialBytes: number;
  /** Of QEMU's recording, which is compressed to a hundredth or less. */
  readonly recording: string;
};

const magic = 'synos recording 1\n';
const mostHead = 4096;
/** As QEMU wrote it. */
const mostTapeBytes = 512 << 20;
/** Of QEMU 7.2's format; one that was not closed has zeros there. */
const wholeBytes = 4;

const digest = text(/^[0-9a-f]{64}$/);
const checkHead = fields({
  qemu: text(/^[\x20-\x7e]{1,200}$/),
  ...{ machine: digest, media: digest, serial: digest, recording: digest },
  serialBytes: whole(0, 2 ** 40),
});

const sha = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Takes the recording apart for QEMU. Throws SynosError usage for one that is none, is damaged, or is of another run. */
export async function openTape(context: ActionContext): Promise<Tape> {
  const bytes = readFileSync(context.input('tape'));
  const { tape, recording } = parse(bytes);
  if (sha(recording) !== tape.recording) throw unfit('it is damaged');
  if (tape.qemu !== (await qemuVersion(context))) throw unfit(`it was made by ${tape.qemu}`);
  if (tape.media !== mediaOf(context)) throw unfit('it is of another kernel or initrd');
  if (tape.machine !== machineOf(context))
    throw unfit('it is of a machine with another description or command line');
  writeFileSync(join(context.work, files.tape), await unpacked(recording));
  return tape;
}

/** Puts together what QEMU left. Throws SynosError artefact.invalid where it did not finish it. */
export async function keepTape(context: ActionContext): Promise<void> {
  const path = join(context.work, files.tape);
  if (!existsSync(path)) throw unkept('QEMU made none');
  if (statSync(path).size > mostTapeBytes) throw unkept('it is larger than 512 MiB');
  const events = readFileSync(path);
  if (events.length <= wholeBytes || events.readUInt32BE(0) === 0)
    throw unkept('QEMU was gone before it had finished it');
  const { gzipSync } = await import('node:zlib');
  const recording = gzipSync(events, { level: 1 });
  const serial = readFileSync(context.output('serial.log'));
  const tape: Tape = {
    qemu: await qemuVersion(context),
    machine: machineOf(context),
    media: mediaOf(context),
    serial: sha(serial),
    serialBytes: serial.length,
    recording: sha(recording),
  };
  writeFileSync(context.output(tapeOutput), `${magic}${JSON.stringify(tape)}\n`);
  appendFileSync(context.output(tapeOutput), recording);
}

/** The outcome of a replay that printed what was recorded; else one that says so. */
export function heldAgainst(tape: Tape, outcome: BootOutcome, serial: Buffer): BootOutcome {
  if (sha(serial) === tape.serial) return outcome;
  const how =
    serial.length === tape.serialBytes
      ? `the ${serial.length} bytes on its serial port are others`
      : `${tape.serialBytes} bytes were recorded on its serial port, and ${serial.length} came`;
  return {
    ...outcome,
    end: 'qemu-error',
    reason: `the replay is not the recorded run: ${how}`,
    evidence: [`without the recording: ${outcome.end}, ${outcome.reason}`, ...outcome.evidence],
  };
}

async function unpacked(recording: Buffer): Promise<Buffer> {
  const { gunzipSync } = await import('node:zlib');
  try {
    return gunzipSync(recording, { maxOutputLength: mostTapeBytes });
  } catch {
    throw unfit('it is damaged');
  }
}

function parse(bytes: Buffer): { tape: Tape; recording: Buffer } {
  if (bytes.subarray(0, magic.length).toString('latin1') !== magic) throw unfit('it is no recording');
  const end = bytes.subarray(0, mostHead).indexOf('\n', magic.length);
  const head = end < 0 ? undefined : jsonOf(bytes.subarray(magic.length, end).toString('latin1'));
  if (head === undefined || !checkHead(head)) throw unfit('its head is damaged');
  return { tape: head as unknown as Tape, recording: bytes.subarray(end + 1) };
}

function jsonOf(line: string): Json | undefined {
  try {
    return JSON.parse(line) as Json;
  } catch {
    return undefined;
  }
}

function unkept(reason: string): SynosError {
  return new SynosError({ code: 'artefact.invalid', what: 'the recording', reason });
}

function unfit(reason: string): SynosError {
  return new SynosError({
    code: 'usage',
    message: `the recording cannot be replayed: ${reason}`,
    hint: 'record it anew with synos boot --record',
  });
}

// What only judges a run, or types at it, may be another.
function machineOf({ task }: ActionContext): string {
  const { options, commandLine } = task.params as { options: MachineOptions; commandLine: string };
  const { rules: _, script: __, terminal: ___, limits: ____, ...machine } = options;
  return sha(JSON.stringify([machine, commandLine]));
}

function mediaOf(context: ActionContext): string {
  const names = ['kernel', 'initrd', 'traces'].filter((name) => context.task.inputs[name]);
  return sha(names.map((name) => `${name} ${sha(readFileSync(context.input(name)))}`).join('\n'));
}

async function qemuVersion(context: ActionContext): Promise<string> {
  const { stdout } = await context.exec({ argv: [findQemu(), '--version'], limitMs: 30_000 });
  return (stdout.split('\n')[0] ?? '').slice(0, 200);
}
