// `synos boot -i` with standard input and error as pipes: what is typed, what ends it, what reaches the terminal.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { live } from './live-rig.ts';
import { project, type Rig } from './rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await project({ kernel: 'built' });
  expect((await rig.synos(['build', 'kernel'])).exit).toBe(0);
});
afterAll(async () => rig[Symbol.asyncDispose]());

const args = (words: string): string[] => [
  'boot',
  '-i',
  '--no-report',
  '--append',
  `test=none bench=none ${words}`,
];

describe('synos boot -i', () => {
  it('shows what the guest writes, without what would steer the terminal, and tells the verdict', async () => {
    await using run = live(rig.folder, args('fault=escapes'));
    await run.until(/^console Ctrl-A x/m);
    expect(await run.ended).toBe(0);
    expect(run.out()).toContain('direct  passed');
    expect(run.err()).toContain('{"kind":"hello"');
    for (const steering of ['\x1b]', '\x1bP', '\x1b[6n', '\x1b[c']) expect(run.err()).not.toContain(steering);
  });

  it('ends the machine at Ctrl-A x, with its verdict and what it was seen at', async () => {
    await using run = live(rig.folder, args('fault=mute'));
    await run.until(/^console /m);
    run.write('\x01h');
    await run.until(/Ctrl-A a: Ctrl-A itself/);
    run.write('\x01x');
    expect(await run.ended).toBe(1);
    expect(run.out()).toMatch(/direct {2}killed\n +it was ended from the console/);
  });

  it('is for one person at one machine', async () => {
    for (const more of [['--json'], ['--watch'], ['--runs', '2']])
      expect((await rig.synos(['boot', '-i', ...more])).exit).toBe(2);
  });
});
