// `synos boot --snapshot`: one boot until the machine is ready, and every run goes on from there.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { project, type Rig } from './rig.ts';

type Boot = { end: string; reason: string; records: unknown[]; hello: unknown; tail: string[] };
let rig: Rig;
beforeAll(async () => {
  rig = await project({ kernel: 'built' });
  expect((await rig.synos(['build', 'kernel'])).exit).toBe(0);
});
afterAll(async () => rig[Symbol.asyncDispose]());

async function boots(more: readonly string[]): Promise<{ exit: number | null; err: string; all: Boot[] }> {
  const words = 'test=lib.crc32 bench=lib';
  const { exit, err, json } = await rig.synos(['boot', '--json', '--no-report', '--append', words, ...more]);
  return { exit, err, all: (json() as { boots?: Boot[] }).boots ?? [] };
}

describe('synos boot --snapshot', () => {
  it.each(['--exact', '--no-exact'])(
    'harvests with %s what a whole boot does, from its hello record on',
    async (how) => {
      const [cold] = (await boots([how])).all;
      const { exit, err, all } = await boots([how, '--snapshot', '--runs', '2']);
      expect(exit, err).toBe(0);
      expect(err).toMatch(/^ran +boot:direct(:exact)?:snapshot/m);
      for (const fork of all) {
        expect(fork.records.length).toBe(cold?.records.length);
        expect(fork.hello).not.toBeNull();
        if (how === '--exact') expect([fork.hello, fork.records]).toEqual([cold?.hello, cold?.records]);
      }
      expect(rig.read(`out/logs/direct-1.serial.log`)).toContain('\x1e@0 ');
      const again = await boots([how, '--snapshot']);
      expect(again.exit).toBe(0);
      expect(again.err).not.toMatch(/:snapshot/); // it was kept
    },
  );

  it('is taken anew for another command line', async () => {
    const { exit, err } = await rig.synos([
      'boot',
      '--snapshot',
      '--exact',
      '--no-report',
      '--append',
      'test=none bench=lib',
    ]);
    expect([exit, err]).toEqual([0, expect.stringMatching(/^ran +boot:direct:exact:snapshot/m)]);
  });

  it('says so when the machine is never ready', async () => {
    const { exit, err } = await rig.synos([
      'boot',
      '--snapshot',
      '--exact',
      '--set',
      'machines.direct.rules.ready=^nobody says this$',
      '--append',
      'fault=triple test=none',
    ]);
    expect([exit, err]).toEqual([1, expect.stringContaining('the snapshot of direct: it ended before')]);
  });

  it('is refused beside what begins at the first instruction', async () => {
    for (const other of [['--gdb'], ['--budget', '5']])
      expect((await rig.synos(['boot', '--snapshot', ...other])).exit).toBe(2);
  });
});
