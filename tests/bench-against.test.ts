// `synos bench --against` as a developer uses it: a repository of their own, a change of the kernel, a verdict.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fits } from './fits.ts';
import { project, type Rig } from './rig.ts';

const few = ['--append', 'test=none bench=lib'];
const config = 'kernel:\n  kind: sources\n  dir: kernel\n';
let rig: Rig;

function git(...words: string[]): string {
  const as = ['-c', 'user.name=t', '-c', 'user.email=t@t.invalid', '-c', 'core.hooksPath=/dev/null'];
  return execFileSync('git', ['-C', rig.folder, ...as, ...words], { encoding: 'utf8' }).trim();
}

const worktrees = (): string[] => git('worktree', 'list', '--porcelain').match(/^worktree .*/gm) ?? [];
const crc = 'kernel/lib/crc32.c';
const fastPath = 'kernel/mm/pool_fast.S';

beforeAll(async () => {
  rig = await project({ kernel: true, config });
  rig.write('.gitignore', '.synos\nout\n');
  git('init', '--quiet', '--initial-branch=trunk');
  git('add', '.');
  git('commit', '--quiet', '--message', 'a kernel that works');
});
afterAll(async () => rig[Symbol.asyncDispose]());

type Metric = {
  name: string;
  verdict: string;
  before: number;
  now: number;
  labels: Record<string, string>;
};
const metricsOf = (document: unknown): Metric[] =>
  (document as { groups: { metrics: Metric[] }[] }).groups.flatMap(({ metrics }) => metrics);

describe('synos bench --against', () => {
  it("finds one instruction more in the pool's hot path by one boot a side, and the gate shuts on it", async () => {
    const source = rig.read(fastPath);
    // Behind the instruction that hands an object out, once for pool_alloc and once for kmalloc.
    const slower = source.replace('    mov %cl, POOL_STATES(%rsi)\n', '    nop\n$&');
    expect(slower).not.toBe(source);
    rig.write(fastPath, slower);
    git('commit', '--quiet', '--all', '--message', 'one instruction more');
    try {
      const { exit, err, json } = await rig.synos([
        ...['bench', '--against', 'HEAD~1', '--exact', '--gate', '--json'],
        ...['--append', 'test=none bench=alloc'],
      ]);
      expect(err).toContain('slower');
      expect(exit).toBe(3);
      const document = json();
      await fits('comparison', document);
      expect(document).toMatchObject({ groups: [{ exact: true, boots: { before: 1, now: 1 } }] });
      const pairs = metricsOf(document).filter(({ name }) => name === 'pair');
      for (const { labels, verdict, before, now } of pairs)
        if (labels['allocator'] === 'pool') expect([verdict, now - before]).toEqual(['slower', 1]);
        else if (labels['allocator'] !== 'kmalloc') expect([verdict, now - before]).toEqual(['same', 0]);
      expect(pairs.filter(({ verdict }) => verdict === 'slower').length).toBeGreaterThan(8);
    } finally {
      git('reset', '--quiet', '--hard', 'HEAD~1');
    }
    expect(worktrees()).toHaveLength(1);
    const again = await rig.synos(['compare', 'last~1', 'last', '--gate']);
    expect(again.exit).toBe(3);
    const stored = (await rig.synos(['report', '--json'])).json() as { reference?: boolean; git: object };
    await fits('run', stored);
    expect(stored.reference).toBeUndefined();
    // The kernel is built here for the first time.
  }, 110_000);

  it('when nothing changed, says that both sides are the same bytes, and decides that nothing differs', async () => {
    const { exit, err, json } = await rig.synos([
      ...['bench', '--against', 'trunk', '--exact', '--gate', '--json'],
      ...few,
    ]);
    expect(err).toContain('both sides are the same, byte for byte');
    expect(exit).toBe(0);
    expect(metricsOf(json()).every(({ verdict }) => verdict === 'same')).toBe(true);
  });

  it('boots timed machines in turns up to the limit, and leaves open what few boots cannot decide', async () => {
    const { exit, json } = await rig.synos([
      ...['bench', '--against', 'HEAD', '--no-exact', '--runs', '2', '--gate', '--json'],
      ...few,
    ]);
    expect(exit).toBe(0);
    const document = json();
    await fits('comparison', document);
    expect(document).toMatchObject({
      rules: { share: 1 },
      groups: [{ exact: false, inTurns: true, boots: { before: 2, now: 2 } }],
    });
    expect(metricsOf(document).some(({ verdict }) => verdict === 'undecided')).toBe(true);
  });

  it('when interrupted in the middle, leaves no worktree and stores nothing', async () => {
    const stored = async (): Promise<string> => (await rig.synos(['report', '--json'])).out;
    const before = await stored();
    let pid = 0;
    const running = rig.synos(['bench', '--against', 'HEAD', '--no-exact', ...few], {
      started: (of) => (pid = of),
    });
    const isBooting = (): boolean => existsSync(join(rig.folder, 'out', 'logs', 'direct.serial.log'));
    rmSync(join(rig.folder, 'out', 'logs'), { recursive: true, force: true });
    while (!isBooting()) await setTimeout(20);
    expect(worktrees()).toHaveLength(2);
    process.kill(pid, 'SIGINT');
    const { exit, err } = await running;
    expect(exit).toBe(130);
    expect(err).toContain('stopped by SIGINT');
    expect(worktrees()).toHaveLength(1);
    expect(await stored()).toBe(before);
  });

  it('when the revision does not exist, exits 2 and suggests the nearest', async () => {
    for (const name of ['trunc', '--upload-pack=x', 'HEAD:kernel']) {
      const { exit, err } = await rig.synos(['bench', `--against=${name}`]);
      expect(exit).toBe(2);
      expect(err).toContain(`there is no revision named ${name}`);
      if (name === 'trunc') expect(err).toContain('did you mean trunk?');
    }
    const far = await rig.synos(['bench', '--against=zzzzzzzz']);
    expect(far.err).toContain('git fetch --unshallow');
    await using bare = await project({ config });
    const none = await bare.synos(['bench', '--against', 'HEAD']);
    expect([none.exit, none.err.includes('is in no git repository')]).toEqual([2, true]);
    expect((await rig.synos(['bench'])).err).toContain('name a revision with --against');
  });

  it('when the revision does not build, exits 1, says so, and leaves no worktree', async () => {
    const source = rig.read(crc);
    rig.write(crc, `${source}\n#error "halfway"\n`);
    git('commit', '--quiet', '--all', '--message', 'broken');
    rig.write(crc, source);
    const { exit, err } = await rig.synos(['bench', '--against', 'HEAD', '--exact', ...few]);
    git('reset', '--quiet', '--hard', 'HEAD~1');
    expect(exit).toBe(1);
    expect(err).toMatch(/HEAD \(commit [0-9a-f]{12}\) cannot be built/);
    expect(err).toContain('halfway');
    expect(worktrees()).toHaveLength(1);
  });

  it("runs none of the repository's hooks, and removes the worktree of a command that was killed", async () => {
    const hook = join(rig.folder, '.git', 'hooks', 'post-checkout');
    mkdirSync(join(rig.folder, '.git', 'hooks'), { recursive: true });
    writeFileSync(hook, `#!/bin/sh\ntouch '${rig.folder}/hooked'\n`, { mode: 0o755 });
    const left = join(rig.folder, '.synos', 'worktrees', 'deadbeefdead-4194303');
    git('worktree', 'add', '--quiet', '--detach', left);
    expect(worktrees()).toHaveLength(2);
    const { exit } = await rig.synos(['bench', '--against', 'HEAD', '--exact', ...few]);
    expect(exit).toBe(0);
    expect([existsSync(left), existsSync(join(rig.folder, 'hooked'))]).toEqual([false, false]);
    expect(readdirSync(join(rig.folder, '.synos', 'worktrees'))).toEqual([]);
    expect(worktrees()).toHaveLength(1);
    expect(readFileSync(join(rig.folder, crc), 'utf8')).toContain('crc');
  });

  it('with --self-test boots the tree against itself, and prints its own error rates', async () => {
    const exact = await rig.synos(['bench', '--self-test', '--exact', '--json', ...few]);
    expect(exact.exit).toBe(0);
    await fits('self-test', exact.json());
    expect(exact.json()).toMatchObject({ machines: [{ boots: 2, falseAlarms: 0, simulated: null }] });
    const timed = await rig.synos(['bench', '--self-test', '--no-exact', '--runs', '5', '--json', ...few]);
    await fits('self-test', timed.json());
    expect(timed.json()).toMatchObject({ machines: [{ boots: 5, simulated: { pairs: 100 } }] });
  });
});
