// What is made again and what is not: every input counts, nothing else does, and nothing damaged is ever used.
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { taskId } from '../../core/task.ts';
import { fileClockTick, makeRig, planOf, type ShellTask, shellAction } from './rig.ts';

const copy: ShellTask = { id: 'copy', script: 'cat "$in_source" > $out/made', inputs: { source: 'a.txt' } };
const wrap: ShellTask = {
  id: 'wrap',
  script: '(echo "<"; cat "$in_part"; echo ">") > $out/made',
  inputs: { part: ['copy', 'made'] },
};
const chain = planOf(copy, wrap);

describe('a task', () => {
  it('runs once, and then only when its input has another content', async () => {
    await using rig = makeRig();
    await rig.write('a.txt', 'one');
    expect((await rig.build(chain)).story).toBe('copy ran, wrap ran');
    expect((await rig.build(chain)).story).toBe('copy cached, wrap cached');
    await rig.write('a.txt', 'two');
    const changed = await rig.build(chain);
    expect(changed.story).toBe('copy ran, wrap ran');
    expect(changed.text('wrap')).toBe('<\ntwo>\n');
  });

  it('hits again when the old content comes back', async () => {
    await using rig = makeRig();
    for (const text of ['one', 'two']) {
      await rig.write('a.txt', text);
      await rig.build(chain);
    }
    await rig.write('a.txt', 'one');
    const back = await rig.build(chain);
    expect(back.story).toBe('copy cached, wrap cached');
    expect(back.text('wrap')).toBe('<\none>\n');
  });

  it('does not run when its input was only touched', async () => {
    await using rig = makeRig();
    await rig.write('a.txt', 'one');
    await rig.build(chain);
    utimesSync(join(rig.tree, 'a.txt'), 1, 1);
    expect((await rig.build(chain)).story).toBe('copy cached, wrap cached');
  });

  it('does not run when what it needs was made anew but came out the same', async () => {
    await using rig = makeRig();
    const first: ShellTask = { ...copy, script: 'tr -d " " < "$in_source" > $out/made' };
    await rig.write('a.txt', 'one');
    await rig.build(planOf(first, wrap));
    await rig.write('a.txt', 'o n e');
    expect((await rig.build(planOf(first, wrap))).story).toBe('copy ran, wrap cached');
  });

  it('that may not be cached runs each time', async () => {
    await using rig = makeRig();
    const boot = planOf({ id: 'boot', cacheable: false });
    expect((await rig.build(boot)).story).toBe('boot ran');
    expect((await rig.build(boot)).story).toBe('boot ran');
  });

  it('that failed runs again', async () => {
    await using rig = makeRig();
    const flaky = planOf({ id: 'flaky', script: 'echo x > $out/made; [ -e "$tree/ok" ]' });
    expect((await rig.build(flaky)).story).toBe('flaky failed');
    await rig.write('ok', '');
    expect((await rig.build(flaky)).story).toBe('flaky ran');
  });
});

describe('the fingerprint', () => {
  const base: ShellTask = { ...copy, params: { x: 1, y: 2 } };
  const changes: readonly [string, ShellTask][] = [
    ['another parameter', { ...base, params: { x: 1, y: 3 } }],
    ['another name for the same file', { ...base, inputs: { source: 'b.txt' } }],
    ['another output', { ...base, outputs: ['made', 'more'], script: `${copy.script}; echo > $out/more` }],
    ['another program', { ...base, params: { x: 1, y: 2, tools: ['true'] } }],
  ];
  it.each(changes)('differs by %s', async (_what, changed) => {
    await using rig = makeRig();
    await rig.write('a.txt', 'same');
    await rig.write('b.txt', 'same');
    await rig.build(planOf(base));
    expect((await rig.build(planOf(changed))).story).toBe('copy ran');
  });

  const same: readonly [string, ShellTask][] = [
    ['the order of parameters', { ...base, params: { y: 2, x: 1 } }],
    ['another id and limit', { ...base, id: 'renamed', limitMs: 1234 }],
    ['another demand', { ...base, demand: { cpus: 0.5, memoryMib: 7, io: 1 } }],
  ];
  it.each(same)('does not differ by %s', async (_what, changed) => {
    await using rig = makeRig();
    await rig.write('a.txt', 'same');
    await rig.build(planOf(base));
    expect((await rig.build(planOf(changed))).story).toMatch(/ cached$/);
  });

  it('differs by the version of the action, and by the environment', async () => {
    await using rig = makeRig();
    const plan = planOf({ id: 'a' });
    await rig.build(plan);
    expect((await rig.build(plan, { actions: [{ ...shellAction, version: 2 }] })).story).toBe('a ran');
    const home = process.env['HOME'];
    try {
      process.env['HOME'] = '/somewhere/else';
      expect((await rig.build(plan)).story).toBe('a ran');
    } finally {
      process.env['HOME'] = home;
    }
    expect((await rig.build(plan)).story).toBe('a cached');
  });

  it('differs when a program is replaced by another of the same name', async () => {
    await using rig = makeRig();
    const path = process.env['PATH'];
    const tool = (text: string) =>
      writeFileSync(join(rig.tree, 'mytool'), `#!/bin/sh\necho ${text}\n`, { mode: 0o755 });
    const plan = planOf({ id: 'a', script: 'mytool > $out/made', params: { tools: ['mytool'] } });
    try {
      process.env['PATH'] = `${rig.tree}:${path}`;
      tool('old');
      await fileClockTick();
      await rig.build(plan);
      tool('new');
      await fileClockTick();
      const again = await rig.build(plan);
      expect(again.story).toBe('a ran');
      expect(again.text('a')).toBe('new\n');
    } finally {
      process.env['PATH'] = path;
    }
  });
});

describe('discovered inputs', () => {
  // Prints a list and the files that it names, and says which they were: a compiler with its headers.
  const include: ShellTask = {
    id: 'unit',
    script:
      'cp "$in_source" found; for f in $(cat found); do [ ! -e "$tree/$f" ] || cat "$tree/$f"; done > $out/made',
    inputs: { source: 'list' },
    params: { found: 'found' },
  };

  it('count: a changed header makes its users run, and only them', async () => {
    await using rig = makeRig();
    const other: ShellTask = { ...include, id: 'other', inputs: { source: 'list2' } };
    await rig.write('list', 'x.h\ny.h\n');
    await rig.write('list2', 'y.h\n');
    await rig.write('x.h', 'X1');
    await rig.write('y.h', 'Y1');
    const plan = planOf(include, other);
    await rig.build(plan);
    expect((await rig.build(plan)).story).toBe('unit cached, other cached');
    await rig.write('x.h', 'X2');
    const changed = await rig.build(plan, { jobs: 1 });
    expect(changed.story).toBe('other cached, unit ran');
    expect(changed.text('unit')).toBe('X2Y1');
    await rig.write('x.h', 'X1');
    expect((await rig.build(plan)).story).toBe('unit cached, other cached');
  });

  it('count when they do not exist: a new file in their place makes the task run', async () => {
    await using rig = makeRig();
    await rig.write('list', 'near/x.h\nx.h\n');
    await rig.write('x.h', 'far');
    const plan = planOf(include);
    await rig.build(plan);
    expect((await rig.build(plan)).story).toBe('unit cached');
    await rig.write('near/x.h', 'near');
    const shadowed = await rig.build(plan);
    expect(shadowed.story).toBe('unit ran');
    expect(shadowed.text('unit')).toBe('nearfar');
    rmSync(join(rig.tree, 'near'), { recursive: true });
    expect((await rig.build(plan)).story).toBe('unit cached');
  });
});

describe('what changes while it is read', () => {
  it('is not remembered: the next build makes it again', async () => {
    await using rig = makeRig();
    const racing: ShellTask = {
      ...copy,
      script: 'cat "$in_source" > $out/made; sleep 0.05; echo late > "$in_source"',
    };
    await rig.write('a.txt', 'early');
    expect((await rig.build(planOf(racing))).text('copy')).toBe('early');
    await rig.write('a.txt', 'early');
    expect((await rig.build(planOf(racing))).story).toBe('copy ran');
  });

  it('is seen even within one tick of the file clock, with size and mtime as before', async () => {
    await using rig = makeRig();
    for (const text of ['aa', 'bb', 'cc', 'dd']) {
      writeFileSync(join(rig.tree, 'a.txt'), text);
      utimesSync(join(rig.tree, 'a.txt'), 1000, 1000);
      expect((await rig.build(planOf(copy))).text('copy')).toBe(text);
    }
  });
});

describe('a damaged store', () => {
  const objectsOf = (home: string): string[] => {
    const root = join(home, 'cache/objects');
    return readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  };

  const damages: readonly [string, (path: string) => void][] = [
    ['cut off', (path) => writeFileSync(path, '')],
    ['longer', (path) => writeFileSync(path, 'more', { flag: 'a' })],
    [
      'changed in place with its size and times put back',
      (path) => {
        const { atime, mtime, size } = statSync(path);
        writeFileSync(path, 'x'.repeat(size));
        utimesSync(path, atime, mtime);
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
      damage(path);
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
    const journal = join(rig.home, 'cache/journal-1');
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
      '[]',
      '{"a":"x","id":"y","ms":1,"out":null}',
    ];
    writeFileSync(join(rig.home, 'cache/journal-1'), `${lines.join('\n')}\n`, { flag: 'a' });
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
