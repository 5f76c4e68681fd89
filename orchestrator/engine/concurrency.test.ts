// Several processes in one project at once, and processes that are killed at any moment: the store stays whole.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { digestNow } from './facts.ts';
import { fileClockTick, makeRig, planOf, type Rig, type ShellTask } from './rig.ts';

// A tree of tasks: eight that copy and pad, one that joins them.
const count = 8;
const parts: readonly ShellTask[] = Array.from({ length: count }, (_, n) => ({
  id: `part-${n}`,
  script: '(cat "$in_source"; yes pad | head -c 300000) > $out/made; sleep 0.02',
  inputs: { source: `src/${n}` },
}));
const all: ShellTask = {
  id: 'all',
  script: `cat ${parts.map((_, n) => `"$in_p${n}"`).join(' ')} > $out/made`,
  inputs: Object.fromEntries(parts.map(({ id }, n) => [`p${n}`, [id, 'made'] as const])),
};

async function project(rig: Rig): Promise<void> {
  for (let n = 0; n < count; n++) {
    mkdirSync(join(rig.tree, 'src'), { recursive: true });
    writeFileSync(join(rig.tree, `src/${n}`), `source ${n}\n`);
  }
  const here = new URL('.', import.meta.url).pathname;
  writeFileSync(
    join(rig.tree, 'build.mts'),
    `
    import { localRunner } from '${here}runner.ts';
    import { runPlan } from '${here}scheduler.ts';
    import { planOf, shellAction } from '${here}rig.ts';
    const plan = planOf(...${JSON.stringify([...parts, all])});
    const runner = localRunner({ tree: '${rig.tree}', home: '${rig.home}', actions: new Map([['sh', shellAction]]), emit() {} });
    const results = await runPlan({ plan, runner, emit() {}, signal: new AbortController().signal });
    process.stdout.write(JSON.stringify([...results.values()].map(({ status, outputs }) => [status, outputs.made])));
  `,
  );
  await fileClockTick();
}

const launch = (rig: Rig): ChildProcess =>
  spawn(process.execPath, [join(rig.tree, 'build.mts')], { stdio: ['ignore', 'pipe', 'inherit'] });

async function resultOf(child: ChildProcess): Promise<{ statuses: string[]; digests: string[] }> {
  let text = '';
  child.stdout?.on('data', (data: Buffer) => {
    text += String(data);
  });
  await new Promise((resolve) => child.once('close', resolve));
  const rows = JSON.parse(text) as [string, string][];
  return { statuses: rows.map(([status]) => status), digests: rows.map(([, digest]) => digest) };
}

/** Files in the store whose content is not what their name says. */
function wrongObjects(rig: Rig): string[] {
  const root = join(rig.home, 'cache/objects');
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => digestNow(path) !== path.slice(root.length + 1).replace('/', ''));
}

describe('processes that build at once in one project', () => {
  it('all end well with the same outputs, and the store is whole', async () => {
    await using rig = makeRig();
    await project(rig);
    const results = await Promise.all([launch(rig), launch(rig), launch(rig)].map(resultOf));
    for (const { statuses, digests } of results) {
      expect(statuses.filter((status) => status !== 'ran' && status !== 'cached')).toEqual([]);
      expect(digests).toEqual(results[0]?.digests);
    }
    expect(wrongObjects(rig)).toEqual([]);
    expect((await resultOf(launch(rig))).statuses).toEqual(Array(count + 1).fill('cached'));
    expect(readdirSync(join(rig.home, 'work'))).toEqual([]);
  });

  it('share what the other has finished meanwhile', async () => {
    await using rig = makeRig();
    await rig.write('a', '');
    const slow: ShellTask = { id: 'slow', script: 'sleep 0.4; echo slow > $out/made', inputs: { x: 'a' } };
    const after: ShellTask = { id: 'after', inputs: { x: ['slow', 'made'] } };
    const quick: ShellTask = { id: 'quick', script: 'sleep 0.8; echo quick > $out/made', inputs: { x: 'a' } };
    const waits: ShellTask = { id: 'waits', script: slow.script ?? '', inputs: { x: 'a' } };
    const [, second] = await Promise.all([
      rig.build(planOf(slow, after)),
      rig.build(planOf(quick, waits), { capacity: { cpus: 1, memoryMib: 100, io: 1 } }),
    ]);
    // `waits` is the same work as `slow`: the other build made it while `quick` ran here.
    expect(second.story).toBe('quick ran, waits cached');
  });
});

describe('a build that is killed with SIGKILL', () => {
  it('at any moment leaves a store from which the next one ends with the same outputs', async () => {
    await using reference = makeRig();
    await project(reference);
    const { digests } = await resultOf(launch(reference));

    await using rig = makeRig();
    await project(rig);
    const timed = performance.now();
    await using timing = makeRig();
    await project(timing);
    await resultOf(launch(timing));
    const whole = performance.now() - timed;
    for (let n = 0; n < 8; n++) {
      const child = launch(rig);
      const closed = new Promise((resolve) => child.once('close', resolve));
      await sleep(Math.random() * whole);
      child.kill('SIGKILL');
      await closed;
    }
    const last = await resultOf(launch(rig));
    expect(last.digests).toEqual(digests);
    expect(wrongObjects(rig)).toEqual([]);
    expect(readdirSync(join(rig.home, 'work'))).toEqual([]);
    expect((await resultOf(launch(rig))).statuses).toEqual(Array(count + 1).fill('cached'));
  });
});
