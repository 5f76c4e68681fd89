// The record beside an artefact in out/: what it was built from, and the digest of everything on the way to it. `synos verify` reads it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Digest, digestOf, digestOfJson } from '../../core/digest.ts';
import type { JsonObject } from '../../core/json.ts';
import { writeOutFile } from '../../core/out-file.ts';
import type { Plan, TaskId, TaskOutput } from '../../core/task.ts';
import { gitFacts } from '../results/provenance.ts';
import type { GitFacts } from '../results/run.ts';
import type { Executed } from './run-here.ts';
import type { Session } from './session.ts';
import { version } from './version.ts';

export type BuildRecord = {
  readonly schema: 'synos.build-record/1';
  /** `file` is its place below out/. */
  readonly artefact: {
    readonly name: string;
    readonly file: string;
    readonly sha256: Digest;
    readonly bytes: number;
  };
  /** Version of SynOS. */
  readonly synos: string;
  /** ISO 8601, UTC. */
  readonly builtAt: string;
  readonly git: GitFacts | null;
  readonly inputs: RecordedInputs;
  readonly tools: readonly { readonly name: string; readonly version: string }[];
  /** Everything behind the artefact, each after what it waits for. */
  readonly tasks: readonly RecordedTask[];
};

export type RecordedInputs = {
  /** Of the lock's file; null where no package is behind the artefact. */
  readonly lock: Digest | null;
  /** Of the sections of the configuration that say what is built. */
  readonly options: Digest;
};

export type RecordedTask = {
  readonly id: string;
  readonly after: readonly string[];
  readonly fingerprint: Digest;
  readonly outputs: { readonly [name: string]: Digest };
};

export const recordPath = (artefact: string): string => `${artefact}.build.json`;

type Made = {
  readonly name: string;
  readonly file: string;
  readonly bytes: number;
  readonly output: TaskOutput;
};

/** Writes the record of one artefact that lies in out/ now. Throws SynosError path.unwritable, disk.full. */
export async function writeRecord(
  session: Session,
  plan: Plan,
  executed: Executed,
  made: Made,
): Promise<void> {
  const tasks = tasksBehind(plan, made.output.task, executed);
  const sha256 = executed.digest(made.output);
  if (!sha256) return;
  const record: BuildRecord = {
    schema: 'synos.build-record/1',
    artefact: { name: made.name, file: made.file, sha256, bytes: made.bytes },
    synos: version(),
    builtAt: session.startedAt.toISOString(),
    git: await gitFacts(session.tree),
    inputs: inputsNow(session, tasks),
    tools: executed.tools(),
    tasks,
  };
  writeOutFile(recordPath(join(session.out, made.file)), `${JSON.stringify(record, null, 1)}\n`);
}

/** Those that an artefact waits for, and itself, as they ended. */
export function tasksBehind(plan: Plan, goal: TaskId, executed: Executed): RecordedTask[] {
  const wanted = new Set<TaskId>([goal]);
  for (const id of wanted) for (const input of inputsOf(plan, id)) wanted.add(input);
  return [...plan.tasks.keys()].flatMap((id) => {
    const result = wanted.has(id) ? executed.results.get(id) : undefined;
    if (!result) return [];
    const { fingerprint, outputs } = result;
    return [
      {
        id,
        after: [...new Set(inputsOf(plan, id))],
        fingerprint,
        outputs: outputs as RecordedTask['outputs'],
      },
    ];
  });
}

function inputsOf(plan: Plan, id: TaskId): TaskId[] {
  const inputs = Object.values(plan.tasks.get(id)?.inputs ?? {});
  return inputs.flatMap((input) => (input.from === 'task' ? [input.task] : []));
}

/** What is behind an artefact of these tasks, as it is now. */
export function inputsNow(
  session: Pick<Session, 'config' | 'tree'>,
  tasks: readonly { id: string }[],
): RecordedInputs {
  const { kernel, iso } = session.config;
  const packages = tasks.some(({ id }) => id.startsWith('iso:fetch'));
  return {
    lock: packages ? digestOf(readFileSync(join(session.tree, iso.lock))) : null,
    options: digestOfJson({ kernel, iso } as unknown as JsonObject),
  };
}
