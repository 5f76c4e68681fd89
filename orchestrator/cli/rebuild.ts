// Builds an artefact again, in another folder with an empty cache, and says where its tasks first made other bytes than the record has.
import { cpSync, existsSync, linkSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Digest } from '../../core/digest.ts';
import { type Failure, SynosError } from '../../core/failure.ts';
import type { Plan } from '../../core/task.ts';
import { visible } from '../../core/text.ts';
import { count, duration } from '../../core/words.ts';
import { Store } from '../engine/store.ts';
import { type Artefact, pipeline, type Target, targetNames } from '../plan/pipeline.ts';
import { listedFiles } from '../plan/project-files.ts';
import { type BuildRecord, type RecordedTask, tasksBehind } from './build-record.ts';
import { explainDifference } from './explain-difference.ts';
import type { Flags } from './flags.ts';
import { type Executed, execute } from './run-here.ts';
import { failuresOf, type Session } from './session.ts';

export type Rebuilt = {
  readonly same: boolean;
  readonly says: string;
  readonly failures: readonly Failure[];
  readonly document: {
    readonly same: boolean;
    readonly sha256: string | null;
    readonly tasks: number;
    readonly differing: readonly {
      readonly task: string;
      readonly outputs: readonly string[];
      readonly why: string;
    }[];
    readonly details: readonly string[];
    readonly durationMs: number;
  };
};

type Question = { readonly file: string; readonly record: BuildRecord; readonly work: string };

/** Whatever differs is told in the result; throws SynosError for what stops the build from beginning. */
export async function rebuild(session: Session, flags: Flags, question: Question): Promise<Rebuilt> {
  const { record, work } = question;
  const started = Date.now();
  const tree = join(work, 'tree');
  copyProject(session, tree);
  const home = join(tree, '.synos');
  shareDebs(session.home, home);
  const copy = { ...session, tree, home, out: join(tree, 'out') };
  const { plan, artefacts } = pipeline(copy, { targets: [targetOf(record)] });
  const artefact = artefacts.find(({ name }) => name === record.artefact.name);
  if (!artefact)
    throw new SynosError({
      code: 'usage',
      message: `this project no longer makes ${visible(record.artefact.name)}`,
    });
  const executed = await execute(copy, flags, plan);
  const failures = failuresOf(executed.results);
  const durationMs = Date.now() - started;
  if (failures.length > 0) return failed(failures, plan, durationMs);
  return compared(session, question, { plan, artefact, executed, durationMs });
}

function targetOf({ artefact }: BuildRecord): Target {
  const found = targetNames.find((name) => name === artefact.name);
  if (found) return found;
  throw new SynosError({
    code: 'usage',
    message: `nothing here makes an artefact named ${visible(artefact.name)}`,
  });
}

// What the build reads: the files of the project, with their modes, and the lock.
function copyProject({ tree, config }: Session, target: string): void {
  const { files, links } = listedFiles(tree);
  const { kernel, iso } = config;
  const outputs =
    kernel.kind === 'command' && kernel.command === undefined ? Object.values(kernel.outputs) : [];
  const all = new Set([
    ...files,
    ...Object.keys(links),
    iso.lock,
    ...outputs.filter((path) => path !== undefined),
  ]);
  for (const path of all) {
    if (!existsSync(join(tree, path)) && !(path in links)) continue;
    mkdirSync(dirname(join(target, path)), { recursive: true });
    cpSync(join(tree, path), join(target, path), { verbatimSymlinks: true });
  }
  // Ignored by git or not, the sources are what the configuration says.
  if (kernel.kind === 'sources')
    cpSync(join(tree, kernel.dir), join(target, kernel.dir), { recursive: true });
}

// Downloaded packages are hashed by whoever uses them; nothing else that was made before is used.
function shareDebs(from: string, to: string): void {
  const folder = join(from, 'shared/debs');
  mkdirSync(join(to, 'shared/debs'), { recursive: true });
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.deb'))) {
    try {
      linkSync(join(folder, name), join(to, 'shared/debs', name));
    } catch {
      cpSync(join(folder, name), join(to, 'shared/debs', name)); // another file system
    }
  }
}

function failed(failures: readonly Failure[], plan: Plan, durationMs: number): Rebuilt {
  const says = `it could not be built again`;
  const document = {
    same: false,
    sha256: null,
    tasks: plan.tasks.size,
    differing: [],
    details: [],
    durationMs,
  };
  return { same: false, says, failures, document };
}

type Again = {
  readonly plan: Plan;
  readonly artefact: Artefact;
  readonly executed: Executed;
  readonly durationMs: number;
};

async function compared(session: Session, question: Question, again: Again): Promise<Rebuilt> {
  const { record, file } = question;
  const { plan, artefact, executed, durationMs } = again;
  const now = tasksBehind(plan, artefact.output.task, executed);
  const sha256 = executed.digest(artefact.output) ?? ('' as Digest);
  const same = sha256 === record.artefact.sha256;
  const differing = differingTasks(record.tasks, now);
  const document = { same, sha256, tasks: now.length, differing, durationMs };
  if (same) return reproduced({ ...document, details: [] }, now);
  const details = await detailsOf(session, question, executed, now, differing[0]);
  executed.runner.store.place(sha256, placeFor(session, artefact.file));
  const failure: Failure = {
    code: 'rebuild.differs',
    path: visible(file),
    reason: reasonOf(differing[0], details),
    kept: join('out/verify', artefact.file),
  };
  return {
    same,
    says: `other bytes, sha256:${sha256}`,
    failures: [failure],
    document: { ...document, details },
  };
}

function reproduced(document: Rebuilt['document'], now: readonly RecordedTask[]): Rebuilt {
  const { tasks, differing, durationMs } = document;
  const outputs = now.reduce((sum, task) => sum + Object.keys(task.outputs).length, 0);
  const besides =
    differing.length > 0 ? `; ${differing.map(({ task }) => task).join(', ')} differ on the way` : '';
  const says = `${count(tasks, 'task')} with an empty cache in ${duration(durationMs)}: the same bytes (${outputs} outputs compared${besides})`;
  return { same: true, says, failures: [], document };
}

// Of the first task that made other bytes: what comes behind it differs because of that.
async function detailsOf(
  session: Session,
  { record, file, work }: Question,
  { runner }: Executed,
  now: readonly RecordedTask[],
  first: Differing | undefined,
): Promise<string[]> {
  const old = new Store(session.home);
  const former = (digest: Digest | undefined): string | undefined => {
    if (digest === undefined) return undefined;
    if (old.objects.has(digest)) return old.path(digest);
    return digest === record.artefact.sha256 ? file : undefined;
  };
  const details: string[] = [];
  for (const name of first?.outputs ?? []) {
    const before = former(outputOf(record.tasks, first?.task ?? '', name));
    const after = outputOf(now, first?.task ?? '', name);
    const inspection = { work, signal: session.signal };
    if (before === undefined || after === undefined)
      details.push(`${name} of the recorded build was not kept`);
    else details.push(...(await explainDifference(name, before, runner.store.path(after), inspection)));
  }
  return details;
}

function placeFor(session: Session, file: string): string {
  const folder = join(session.out, 'verify');
  mkdirSync(folder, { recursive: true });
  return join(folder, file);
}

function reasonOf(first: Differing | undefined, details: readonly string[]): string {
  if (!first) return 'no task made other bytes than the record has, so the record is of another file';
  const rows = details.slice(0, mostRows).map((row) => `\n  ${row}`);
  const more = details.length > mostRows ? `\n  and ${details.length - mostRows} more` : '';
  return `${visible(first.task)} is the first whose ${first.outputs.map(visible).join(', ')} differ: ${first.why}${rows.join('')}${more}`;
}

const mostRows = 20;

type Differing = Rebuilt['document']['differing'][number];

/** In the order of the plan. */
function differingTasks(before: readonly RecordedTask[], now: readonly RecordedTask[]): Differing[] {
  const known = new Map(before.map((task) => [task.id, task]));
  return now.flatMap((task) => {
    const old = known.get(task.id);
    if (!old)
      return [
        { task: task.id, outputs: Object.keys(task.outputs), why: 'the recorded build had no such task' },
      ];
    const outputs = Object.keys(task.outputs).filter((name) => task.outputs[name] !== old.outputs[name]);
    if (outputs.length === 0) return [];
    const why =
      old.fingerprint === task.fingerprint
        ? 'the same inputs, parameters and programs gave other bytes'
        : 'its inputs, parameters or programs are not those of the recorded build';
    return [{ task: task.id, outputs, why }];
  });
}

function outputOf(tasks: readonly RecordedTask[], id: string, name: string): Digest | undefined {
  return tasks.find((task) => task.id === id)?.outputs[name];
}
