// `synos build`: what is named, only what changed; ends with the artefacts, their digests, the cache hits and the critical path.
import { readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Failure, failureOf, SynosError } from '../../core/failure.ts';
import { nearest } from '../../core/near.ts';
import type { Plan, TaskId, TaskResult } from '../../core/task.ts';
import { bytes as bytesText, count, duration } from '../../core/words.ts';
import { longestChain } from '../engine/priority.ts';
import { type Artefact, allTargets, formatTargets, pipeline, type Target } from '../plan/pipeline.ts';
import { renderPlan } from '../plan/render.ts';
import { type Style, styleFor, writeErr, writeOut } from '../ui/output.ts';
import { endWith, errorDocument } from './exit.ts';
import type { Flags } from './flags.ts';
import { type Executed, execute } from './run-here.ts';
import { failuresOf, openSession, type Session } from './session.ts';
import { version } from './version.ts';

const targets: { readonly [name: string]: (config: Session['config']) => readonly Target[] } = {
  kernel: () => ['kernel'],
  iso: ({ iso }) => formatTargets(iso.formats),
  disk: () => ['disk'],
  all: allTargets,
};

export type Options = { readonly [name: string]: unknown };

export async function build(flags: Flags, args: readonly string[], options: Options): Promise<number> {
  const wanted = wantedTargets(args[0], options['format'] as ImageFormats | undefined);
  const session = await openSession(flags, 'build', version());
  const { plan, artefacts } = pipeline(session, { targets: wanted(session.config) });
  if (flags.dryRun) return showPlan(flags, plan);
  try {
    const built = await buildPlan(session, flags, { plan, artefacts }, options);
    await session.close();
    return show(session, flags, built);
  } finally {
    await session.close();
  }
}

type Built = { plan: Plan; executed: Executed; placed: Placed[]; failures: Failure[] };
type Placed = { name: string; path: string; sha256: string; bytes: number };

/** Runs the plan; with --update-lock a package that the mirrors dropped is locked anew, once. */
async function buildPlan(
  session: Session,
  flags: Flags,
  first: { plan: Plan; artefacts: readonly Artefact[] },
  options: Options,
): Promise<Built> {
  const recheck = options['recheck'] === true;
  let { plan, artefacts } = first;
  let executed = await execute(session, flags, plan, recheck);
  let failures = failuresOf(executed.results);
  if (options['updateLock'] === true && failures.some((failure) => failure.code === 'package.gone')) {
    const { lockNow } = await import('./lock.ts');
    session.emit({ type: 'warning', message: 'a mirror no longer has a locked package: locking anew' });
    await lockNow(session, { check: false, mode: { kind: 'keep' }, acceptOlder: false });
    ({ plan, artefacts } = pipeline(session, { targets: artefacts.map(({ name }) => name) }));
    executed = await execute(session, flags, plan, recheck);
    failures = failuresOf(executed.results);
  }
  const placed: Placed[] = [];
  for (const artefact of artefacts) {
    try {
      placed.push(...(await place(session, plan, executed, artefact)));
    } catch (error) {
      failures.push(failureOf(error));
    }
  }
  return { plan, executed, placed, failures };
}

async function place(
  session: Session,
  plan: Plan,
  executed: Executed,
  { name, file, output }: Artefact,
): Promise<Placed[]> {
  const digest = executed.digest(output);
  if (digest === undefined) return [];
  executed.place(digest, file);
  const path = join(session.out, file);
  const bytes = statSync(path).size;
  if (!isRecorded(`${path}.build.json`, digest)) {
    const { writeRecord } = await import('./build-record.ts');
    await writeRecord(session, plan, executed, { name, file, bytes, output });
  }
  return [{ name, path: relative(session.tree, path), sha256: digest, bytes }];
}

// A build that was killed may have placed an artefact and left the record of the one before.
function isRecorded(record: string, digest: string): boolean {
  try {
    return readFileSync(record, 'utf8').includes(digest);
  } catch {
    return false;
  }
}

type ImageFormats = Session['config']['iso']['formats'];

/** --format is about the image, so it needs none to be named. */
function wantedTargets(
  name: string | undefined,
  formats: ImageFormats | undefined,
): (config: Session['config']) => readonly Target[] {
  if (formats === undefined) return targetNamed(name ?? 'all');
  if (name === undefined || name === 'iso') return () => formatTargets(formats);
  throw new SynosError({
    code: 'usage',
    message: `--format is for the image, and ${name} is named`,
    hint: 'use `synos build iso --format ...`',
  });
}

function targetNamed(name: string): (config: Session['config']) => readonly Target[] {
  const found = Object.hasOwn(targets, name) ? targets[name] : undefined;
  if (found) return found;
  throw new SynosError({
    code: 'name.unknown',
    kind: 'target',
    name,
    near: nearest(name, Object.keys(targets)),
  });
}

export function showPlan(flags: Flags, plan: Plan): number {
  writeOut(renderPlan(plan, flags.json ? 'json' : 'text'));
  return 0;
}

function show(session: Session, flags: Flags, { plan, executed, placed, failures }: Built): number {
  const durationMs = Date.now() - session.startedAt.getTime();
  const results = [...executed.results.values()];
  const chain = longestChain(plan, (id) => tookMs(executed.results.get(id)));
  if (flags.json) {
    const tasks = results.map(({ task, status, durationMs: took }) => ({
      id: task,
      status,
      durationMs: took,
    }));
    const criticalPath = chain.tasks.map((id) => ({ id, durationMs: tookMs(executed.results.get(id)) }));
    const { errors } = errorDocument(failures) as { errors: object[] };
    const ok = failures.length === 0;
    writeOut(
      JSON.stringify({
        schema: 'synos.build/1',
        ok,
        artefacts: placed,
        durationMs,
        tasks,
        criticalPath,
        errors,
      }),
    );
    return endWith(failures, false);
  }
  for (const { path, sha256, bytes } of placed) writeOut(`${path}  ${bytesText(bytes)}  sha256:${sha256}`);
  if (!flags.quiet) summary(results, durationMs, chain, styleFor(process.stderr));
  return endWith(failures, false);
}

/** Nothing of a cached task bounded this run. */
function tookMs(result: TaskResult | undefined): number {
  return result?.status === 'ran' || result?.status === 'failed' ? result.durationMs : 0;
}

function summary(
  results: readonly TaskResult[],
  durationMs: number,
  chain: { tasks: TaskId[]; durationMs: number },
  style: Style,
): void {
  const ended = (status: TaskResult['status']): number =>
    results.filter((result) => result.status === status).length;
  const failed = ended('failed') + ended('skipped');
  writeErr(
    `${count(results.length, 'task')}: ${ended('ran')} ran, ${ended('cached')} cached${failed > 0 ? `, ${style.bad(`${failed} not done`)}` : ''}, in ${duration(durationMs)}`,
  );
  const slow = chain.tasks.flatMap((id) =>
    results.filter((result) => result.task === id && tookMs(result) >= 10),
  );
  if (slow.length < 2) return;
  writeErr(
    style.dim(
      `critical path, ${duration(chain.durationMs)}: ${slow.map((result) => `${result.task} ${duration(tookMs(result))}`).join(' > ')}`,
    ),
  );
}
