// The code behind `kernel.command`: somebody else's build, run on a copy of the project.
import { constants, copyFileSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Action, ActionContext } from '../../core/action.ts';
import { digestOfJson } from '../../core/digest.ts';
import { find } from '../../core/exec.ts';
import { SynosError } from '../../core/failure.ts';
import { isObject, type Json, type JsonObject } from '../../core/json.ts';
import { visibleUpTo } from '../../core/text.ts';
import { takeOutputs } from './command-outputs.ts';
import { copyProject, leaveWorkplace, openWorkplace, type Workplace } from './command-tree.ts';
import { invalid, stringsIn } from './compilers.ts';
import { type Enclosure, enclosed, findEnclosure } from './enclosure.ts';
import { programTool } from './programs.ts';
import { Said } from './said.ts';

type Texts = { readonly [name: string]: string };
type Build = {
  readonly dir: string;
  readonly command: readonly string[];
  readonly environment: Texts;
  readonly tools: readonly string[];
  readonly network: boolean;
  readonly incremental: boolean;
  readonly executable: readonly string[];
  readonly links: Texts;
};
type Params = { readonly outputs: Texts; readonly build: Build | undefined };

/** 1980, the first year of a FAT file system: what a build stamps its files with does not change by the day. */
const sourceDate = '315532800';
const longestLine = 2000;

export const commandAction: Action<Params> = {
  kind: 'kernel.command',
  version: 1,
  tools: ({ build }) => (build ? [...new Set([...programOf(build), ...build.tools])].map(programTool) : []),
  parse: (params) => ({ outputs: textsIn(params, 'outputs'), build: buildIn(params) }),
  run: ({ outputs, build }, context) =>
    build ? runBuild(build, outputs, context) : takeFiles(outputs, context),
};

/** A command that is a path is a file of the project. */
const programOf = ({ command }: Build): string[] => command.slice(0, 1).filter((name) => !name.includes('/'));

async function takeFiles(outputs: Texts, context: ActionContext): Promise<void> {
  for (const name of Object.keys(outputs))
    copyFileSync(context.input(name), context.output(name), constants.COPYFILE_FICLONE);
}

async function runBuild(build: Build, outputs: Texts, context: ActionContext): Promise<void> {
  if (build.network && context.offline) throw needsNetwork(build);
  const enclosure = await findEnclosure(context.signal);
  if (enclosure.kind === 'none') warn(context);
  // At another place each time, a build folder that names its own place would be of no use.
  const kept = build.incremental && enclosure.kind !== 'none' ? keptFolder(build, context) : undefined;
  const place = openWorkplace(context, kept);
  await copyProject(context, place, { executable: new Set(build.executable), links: build.links });
  const said = await runCommand(build, enclosure, place, context);
  try {
    if (said.failure) throw said.failure;
    takeOutputs(context, place.copy, outputs, kept !== undefined);
  } finally {
    // A build that was killed may have left half a file with a time of now: the next one starts from nothing.
    if (kept !== undefined && said.ended) leaveWorkplace(place, kept);
  }
}

function warn(context: ActionContext): void {
  context.emit({
    type: 'warning',
    message:
      'this machine gives no private name spaces (unshare): the kernel is built in a folder of its own, but may reach the network and the rest of the machine',
  });
}

type Ended = {
  /** By itself, well or not. */
  readonly ended: boolean;
  readonly failure: SynosError | undefined;
};

async function runCommand(
  build: Build,
  enclosure: Enclosure,
  place: Workplace,
  context: ActionContext,
): Promise<Ended> {
  // Below the copy, since the rest of the work folder lies where the copy is put over it.
  const way = join('.synos', 'tmp');
  rmSync(join(place.copy, way), { recursive: true, force: true });
  mkdirSync(join(place.copy, way), { recursive: true });
  const seen = enclosure.kind === 'none' ? place.copy : context.tree;
  const said = new Said();
  const running = await context.start({
    argv: enclosed(enclosure, {
      copy: place.copy,
      place: context.tree,
      dir: build.dir,
      network: build.network,
      command: build.command,
    }),
    cwd: context.work,
    env: { SOURCE_DATE_EPOCH: sourceDate, ...build.environment, TMPDIR: join(seen, way) },
    // Messages name files where the user has them.
    onLine: (line) => said.add(line.replaceAll(place.copy, context.tree)),
    keepBytes: 1024,
  });
  const { exit, signal, aborted, timedOut } = await running.ended;
  if (exit === 0 && !aborted && !timedOut) return { ended: true, failure: undefined };
  const tail = said.lines().map((line) => visibleUpTo(line, longestLine));
  const command = visibleUpTo(build.command.join(' '), 100);
  const failure = new SynosError({ code: 'task.exit', task: context.task.id, command, exit, signal, tail });
  return { ended: !(aborted || timedOut) && signal === null, failure: lacking(said, command) ?? failure };
}

function lacking(said: Said, command: string): SynosError | undefined {
  const tool = said.missingProgram();
  if (tool === undefined) return undefined;
  return new SynosError({
    code: 'tool.missing',
    tool,
    neededFor: command,
    package: programTool(tool).package,
  });
}

/** By everything that a build of another kind would not understand, and by the programs as they are now. */
function keptFolder(build: Build, context: ActionContext): string {
  const { dir, command, environment, network } = build;
  const programs = [...programOf(build), ...build.tools].map((name) => {
    const path = find(name);
    const stat = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false });
    return [name, path ?? '', stat?.size ?? 0, stat?.mtimeMs ?? 0];
  });
  const key = digestOfJson({ dir, command, environment, network, programs } as JsonObject);
  return join(context.shared, 'kernel-builds', key.slice(0, 16));
}

function needsNetwork(build: Build): SynosError {
  return new SynosError({
    code: 'usage',
    message: `${visibleUpTo(build.command.join(' '), 100)} uses the network (kernel.network), and --offline was given`,
    hint: 'run once without --offline; what it makes is kept until an input changes',
  });
}

function buildIn(params: Json): Build | undefined {
  if (!isObject(params) || params['command'] === undefined) return undefined;
  const { dir, network, incremental } = params;
  const command = stringsIn(params, 'command');
  if (typeof dir !== 'string' || command[0] === undefined)
    throw invalid('a build needs a folder and a command');
  return {
    ...{ dir, command, environment: textsIn(params, 'environment'), tools: stringsIn(params, 'tools') },
    ...{ network: network === true, incremental: incremental === true },
    ...{ executable: stringsIn(params, 'executable'), links: textsIn(params, 'links') },
  };
}

function textsIn(params: Json, name: string): Texts {
  const value = isObject(params) ? params[name] : undefined;
  if (isObject(value) && Object.values(value).every((text) => typeof text === 'string'))
    return value as Texts;
  throw invalid(`${name} must be texts by name`);
}
