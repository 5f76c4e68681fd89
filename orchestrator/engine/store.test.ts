// The store under damage and over time: nothing damaged is used, nothing is written for nothing, nothing grows for ever.
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { taskId } from '../../core/task.ts';
import { keepingTimes, makeRig, planOf, type ShellTask } from './rig.ts';

const copy: ShellTask = { id: 'copy', script: 'cat "$in_source" > $out/made', inputs: { source: 'a.txt' } };
const wrap: ShellTask = {
  id: 'wrap',
  script: '(echo "<"; cat "$in_part"; echo ">") > $out/made',
  inputs: { part: ['copy', 'made'] },
};
const chain = planOf(copy, wrap);

describe('a damaged store', () => {
  const objectsOf = (home: string): string[] => {
    const root = join(home, 'cache/objects');
    return readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  };

  const damages: readonly [string, (path: string) => void | Promise<void>][] = [
    ['cut off', (path) => writeFileSync(path, '')],
    ['longer', (path) => writeFileSync(path, 'more', { flag: 'a' })],
    [
      'changed in place with its size and times put back',
      (path) => {
        const { size } = statSync(path);
        return keepingTimes(path, () => writeFileSync(path, 'x'.repeat(size)));
      },
    ],
    [
      'replaced by another file',
      (path) => {
        const { size } = statSync(path);
        writeFileSync(`${path}.new`, 'y'.repeat(size));
        renameSync(`${path}.new`, path);
      },
    ],
    ['gone', (path) => rmSync(path)],
    [
      'a folder now',
      (path) => {
        rmSync(path);
        mkdirSync(path);
      },
    ],
  ];
  it.each(damages)('is noticed when an object is %s, and the object made again', async (_what, damage) => {
    await using rig = makeRig();
    await rig.write('a.txt', 'text');
    await rig.build(chain);
    for (const path of objectsOf(rig.home)) {
      chmodSync(path, 0o644);
      await damage(path);
    }
    const again = await rig.build(chain);
    expect(again.story).toBe('copy ran, wrap ran');
    expect(again.text('wrap')).toBe('<\ntext>\n');
    expect((await rig.build(chain)).story).toBe('copy cached, wrap cached');
  });

  it('keeps its objects read-only', async () => {
    await using rig = makeRig();
    await rig.build(planOf({ id: 'a' }));
    expect(objectsOf(rig.home).map((path) => statSync(path).mode & 0o777)).toEqual([0o444]);
  });

  it('is read up to where it was torn, wherever that is', async () => {
    await using rig = makeRig();
    await rig.write('a.txt', 'text');
    await rig.build(chain);
    const journal = join(rig.home, 'cache/journal-2');
    const whole = readFileSync(journal);
    const cuts = fc.nat(whole.length);
    await fc.assert(
      fc.asyncProperty(cuts, fc.string({ maxLength: 20 }), async (cut, rest) => {
        writeFileSync(journal, Buffer.concat([whole.subarray(0, cut), Buffer.from(rest)]));
        const again = await rig.build(chain);
        expect(
          [...again.results.values()].every(({ status }) => status === 'ran' || status === 'cached'),
        ).toBe(true);
        expect(again.text('wrap')).toBe('<\ntext>\n');
        expect((await rig.build(chain)).story).toBe('copy cached, wrap cached');
      }),
      { numRuns: 12 },
    );
  });

  it('is not believed where lines are JSON but nonsense', async () => {
    await using rig = makeRig();
    await rig.write('a.txt', 'text');
    await rig.build(chain);
    const lines = [
      '1',
      'null',
      '{}',
      '{"a":1}',
      '{"a":"x","id":"y","ms":1,"out":{"made":"../../etc/passwd"}}',
      '{"f":"x","s":1}',
      '{"p":"x","paths":"y"}',
      '{"p":"x","paths":[1]}',
      '[]',
      '{"a":"x","id":"y","ms":1,"out":null}',
    ];
    writeFileSync(join(rig.home, 'cache/journal-2'), `${lines.join('\n')}\n`, { flag: 'a' });
    expect((await rig.build(chain)).story).toBe('copy cached, wrap cached');
  });

  it('is read object by object when that is asked for', async () => {
    await using rig = makeRig();
    await rig.write('a.txt', 'text');
    await rig.build(chain);
    expect((await rig.build(chain, { recheck: true })).story).toBe('copy cached, wrap cached');
  });
});

describe('a build with nothing to do', () => {
  it('writes nothing', async () => {
    await using rig = makeRig();
    await rig.write('a.txt', 'text');
    await rig.build(chain);
    const snapshot = () =>
      readdirSync(rig.tree, { recursive: true, withFileTypes: true }).map((entry) => {
        const { mtimeMs, ctimeMs, ino } = statSync(join(entry.parentPath, entry.name));
        return [entry.name, mtimeMs, ctimeMs, ino];
      });
    const before = snapshot();
    await rig.build(chain);
    expect(snapshot()).toEqual(before);
  });
});

describe('bounds', () => {
  it('drop what was used longest ago, and never what was just used', async () => {
    await using rig = makeRig();
    const big = (n: number): ShellTask => ({
      id: `big-${n}`,
      script: `yes ${n} | head -c 100000 > $out/made`,
    });
    for (const n of [1, 2, 3]) await rig.build(planOf(big(n)));
    await rig.build(planOf(big(1), big(4)), { keepBytes: 250_000 });
    expect((await rig.build(planOf(big(1), big(4)))).story).toBe('big-1 cached, big-4 cached');
    expect((await rig.build(planOf(big(2)))).story).toBe('big-2 ran');
  });

  it('keep the journal small however often things change', async () => {
    await using rig = makeRig();
    const store = rig.store();
    for (let n = 0; n < 12_000; n++) store.facts.remember(`tree:${n % 10}`, `${n} 1 2 3`, 'f'.repeat(64));
    store.flush();
    const before = statSync(store.journal.path).size;
    await rig.build(planOf({ id: 'a' }));
    expect(statSync(store.journal.path).size).toBeLessThan(before / 100);
    expect((await rig.build(planOf({ id: 'a' }))).story).toBe('a cached');
  });
});

it('an output is placed for people as the very file, changed in one step', async () => {
  await using rig = makeRig();
  await rig.write('a.txt', 'one');
  const digestOfBuild = async () => (await rig.build(chain)).results.get(taskId('copy'))?.outputs['made'];
  const target = join(rig.tree, 'out/copy.txt');
  const one = await digestOfBuild();
  if (!one) throw new Error('nothing was made');
  expect(rig.store().place(one, target)).toBe(true);
  expect(rig.store().place(one, target)).toBe(false);
  expect((await rig.build(chain)).story).toBe('copy cached, wrap cached');
  // Somebody writes into the linked file: that is the object, and it must be noticed.
  chmodSync(target, 0o644);
  writeFileSync(target, 'xxx');
  const healed = await rig.build(chain);
  expect(healed.story).toBe('copy ran, wrap cached');
  expect(rig.store().place(one, target)).toBe(true);
  expect(readFileSync(target, 'utf8')).toBe('one');
});
