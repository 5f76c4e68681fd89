// What is made again and what is not: every input counts, nothing else does, and nothing damaged is ever used.
import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileClockTick, keepingTimes, makeRig, planOf, type ShellTask, shellAction } from './rig.ts';

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

  it('is not remembered where only the run could name it', async () => {
    await using rig = makeRig();
    const script = 'cat "$tree/x.h" > $out/made; sleep 0.05; echo late > "$tree/x.h"; echo x.h > found';
    const racing = planOf({ id: 'a', script, params: { found: 'found' } });
    await rig.write('x.h', 'early\n');
    expect((await rig.build(racing)).text('a')).toBe('early\n');
    expect((await rig.build(racing)).text('a')).toBe('late\n');
  });

  it('is not remembered where the file vanished', async () => {
    await using rig = makeRig();
    const vanishing = planOf({ ...copy, script: 'rm "$in_source"; echo absent > $out/made' });
    for (let n = 0; n < 2; n++) {
      await rig.write('a.txt', 'text');
      expect((await rig.build(vanishing)).story).toBe('copy ran');
    }
  });

  it('is seen by its ctime, with size and mtime as before', async () => {
    await using rig = makeRig();
    const path = join(rig.tree, 'a.txt');
    await rig.write('a.txt', 'aa');
    await rig.build(planOf(copy));
    for (const text of ['bb', 'cc']) {
      await keepingTimes(path, () => writeFileSync(path, text));
      expect((await rig.build(planOf(copy))).text('copy')).toBe(text);
      await fileClockTick();
    }
  });
});
