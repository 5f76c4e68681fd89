// One task on this machine: what it may leave behind (nothing), how long it may take, and a store that cannot be written.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Action } from '../../core/action.ts';
import { taskId } from '../../core/task.ts';
import { makeRig, planOf, type Rig, type ShellTask } from './rig.ts';

const failureIn = async (rig: Rig, task: ShellTask, actions: readonly Action[] = []) => {
  const result = (await rig.build(planOf(task), { actions })).results.get(taskId(task.id));
  return result?.status === 'failed' ? result.failure : undefined;
};

const scripted = (run: Action['run'], kind = 'scripted'): Action => ({
  kind,
  version: 1,
  tools: () => [],
  parse: () => null,
  run,
});

const gone = (pid: string): boolean =>
  !existsSync(`/proc/${pid.trim()}`) || / Z /.test(readFileSync(`/proc/${pid.trim()}/stat`, 'utf8'));

describe('a time limit', () => {
  it('ends a command and shows what it said last', async () => {
    await using rig = makeRig();
    const failure = await failureIn(rig, {
      id: 'a',
      script: 'echo waiting for godot; sleep 60',
      limitMs: 200,
    });
    expect(failure).toMatchObject({ code: 'task.timeout', task: 'a', limitMs: 200 });
  });

  it('is seen by an action that runs no command', async () => {
    await using rig = makeRig();
    const idle = scripted(
      (_params, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    expect(await failureIn(rig, { id: 'a', kind: 'scripted', limitMs: 100 }, [idle])).toMatchObject({
      code: 'task.timeout',
    });
  });
});

describe('what an action leaves behind', () => {
  it('of processes is ended with it', async () => {
    await using rig = makeRig();
    const careless = scripted(async (_params, context) => {
      const running = await context.start({ argv: ['sleep', '60'] });
      writeFileSync(join(context.tree, 'pid'), String(running.pid));
      writeFileSync(context.output('made'), '');
    });
    await rig.build(planOf({ id: 'a', kind: 'scripted' }), { actions: [careless] });
    expect(gone(readFileSync(join(rig.tree, 'pid'), 'utf8'))).toBe(true);
  });

  it('of files is removed, after success and after failure', async () => {
    await using rig = makeRig();
    const messy = 'mkdir -p deep/er; echo > deep/er/file; echo > $out/made';
    await rig.build(planOf({ id: 'a', script: messy }, { id: 'b', script: `${messy}; exit 1` }), {
      keepGoing: true,
    });
    expect(readdirSync(join(rig.home, 'work'))).toEqual([]);
  });

  it('when SynOS was killed is removed by the next build, and a live neighbour is left alone', async () => {
    await using rig = makeRig();
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    const space = execFileSync('readlink', ['/proc/self/ns/pid'], { encoding: 'utf8' }).replace(/\D/g, '');
    const dead = [`${space}-999999999-1`, `${space}-${process.ppid}-1`, 'junk'];
    const live = `${space}-1-${startOf('1')}-0`;
    for (const name of [...dead, live]) mkdirSync(join(rig.home, 'work', name, '0'), { recursive: true });
    await rig.build(planOf({ id: 'a' }));
    expect(readdirSync(join(rig.home, 'work'))).toEqual([live]);
    expect(start).toBeDefined();
  });
});

function startOf(pid: string): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

describe('outputs', () => {
  it('that are missing fail the task by name', async () => {
    await using rig = makeRig();
    expect(await failureIn(rig, { id: 'a', script: 'true' })).toEqual({
      code: 'task.output-missing',
      task: 'a',
      output: 'made',
    });
  });

  it.each([
    ['a link', 'ln -s /etc/passwd $out/made'],
    ['a folder', 'mkdir $out/made'],
    ['a pipe', 'mkfifo $out/made'],
  ])('that are %s are refused', async (_what, script) => {
    await using rig = makeRig();
    expect(await failureIn(rig, { id: 'a', script })).toMatchObject({ code: 'artefact.invalid' });
  });

  it('and inputs that were not declared are a defect', async () => {
    await using rig = makeRig();
    const greedy = scripted(async (_params, context) => {
      context.output('../../escape');
    });
    expect(await failureIn(rig, { id: 'a', kind: 'scripted' }, [greedy])).toMatchObject({ code: 'internal' });
  });

  it('may have any name without leaving their folder', async () => {
    await using rig = makeRig();
    const names = ['a/b', '..', '../x', 'ä ö'];
    const writer = scripted(async (_params, context) => {
      for (const name of names) writeFileSync(context.output(name), name);
    });
    const built = await rig.build(planOf({ id: 'a', kind: 'scripted', outputs: names }), {
      actions: [writer],
    });
    for (const name of names) expect(built.text('a', name)).toBe(name);
  });
});

describe('output of commands', () => {
  it('is escaped before it enters an event or a failure', async () => {
    await using rig = makeRig();
    const { events, results } = await rig.build(
      planOf({ id: 'a', script: "printf '\\033[31m::error::x\\n'; exit 1" }),
    );
    const lines = events.flatMap((event) => (event.type === 'task.output' ? [event.line] : []));
    expect(lines).toEqual(['\\x1b[31m::error::x']);
    expect(results.get(taskId('a'))).toMatchObject({ failure: { tail: ['\\x1b[31m::error::x'] } });
  });

  it('is told up to a bound', async () => {
    await using rig = makeRig();
    const { events } = await rig.build(
      planOf({ id: 'a', script: 'yes line | head -n 20000; echo > $out/made' }),
    );
    const lines = events.filter(({ type }) => type === 'task.output');
    expect(lines.length).toBeLessThan(6000);
  });
});

describe('a store that cannot be written', () => {
  it('because a file is in the way is told as that', async () => {
    await using rig = makeRig();
    mkdirSync(rig.home);
    writeFileSync(join(rig.home, 'work'), '');
    expect(await failureIn(rig, { id: 'a' })).toMatchObject({ code: 'path.unwritable' });
  });

  // A file system of 2 MiB needs root or a user namespace; where there is neither the test says so.
  const inSmallDisk = (script: string): string =>
    execFileSync('unshare', ['-rm', 'sh', '-c', script], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const canMount = (() => {
    try {
      inSmallDisk('mount -t tmpfs -o size=1m none /mnt');
      return true;
    } catch {
      return false;
    }
  })();

  it.skipIf(!canMount)(
    'because the disk is full is told as that, and goes on when there is space again',
    async () => {
      await using rig = makeRig();
      mkdirSync(rig.home);
      const build = fillingBuild(rig);
      const script = `mount -t tmpfs -o size=2m none ${rig.home} && ${build('3000000')}; ${build('1000')}; find ${rig.home}/work -type f; ${build('1000')}`;
      expect(inSmallDisk(script).trim().split('\n')).toEqual(['failed disk.full', 'ran', 'cached']);
    },
  );

  it.skipIf(!canMount)(
    'because it is read-only is told as that, while what is cached is still found',
    async () => {
      await using rig = makeRig();
      const build = fillingBuild(rig);
      const script = `${build('10')}; mount --bind ${rig.tree} ${rig.tree} && mount -o remount,ro,bind ${rig.tree} && ${build('20')}; ${build('10')}`;
      expect(inSmallDisk(script).trim().split('\n')).toEqual(['ran', 'failed path.unwritable', 'cached']);
    },
  );
});

/** A command line that builds one task, which writes this many bytes, in a process of its own and prints how it ended. */
function fillingBuild(rig: Rig): (bytes: string) => string {
  const here = new URL('.', import.meta.url).pathname;
  const script = `
    import { localRunner } from '${here}runner.ts';
    import { runPlan } from '${here}scheduler.ts';
    import { planOf, shellAction } from '${here}rig.ts';
    const plan = planOf({ id: 'a', script: 'head -c ' + process.argv[2] + ' /dev/zero > $out/made' });
    const runner = localRunner({ tree: '${rig.tree}', home: '${rig.home}', actions: new Map([['sh', shellAction]]), emit() {} });
    const [result] = (await runPlan({ plan, runner, emit() {}, signal: new AbortController().signal })).values();
    process.stdout.write([result.status, result.failure?.code].filter(Boolean).join(' ') + '\\n');
  `;
  const file = join(rig.tree, 'build.mts');
  writeFileSync(file, script);
  return (bytes) => `${process.execPath} ${file} ${bytes}`;
}
