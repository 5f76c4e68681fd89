// What is left of a build that its user stops.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Action } from '../../core/action.ts';
import { SynosError } from '../../core/failure.ts';
import { taskId } from '../../core/task.ts';
import { makeRig, planOf } from './rig.ts';

describe('a stop by the user', () => {
  it('ends what runs, starts nothing more, and keeps what was finished', async () => {
    await using rig = makeRig();
    const controller = new AbortController();
    const plan = planOf(
      { id: 'first' },
      {
        id: 'second',
        script: 'echo $$ > "$tree/pid"; sleep 60; echo > $out/made',
        inputs: { x: ['first', 'made'] },
      },
      { id: 'third', inputs: { x: ['second', 'made'] } },
    );
    const before = Date.now();
    const { results } = await rig.build(plan, {
      signal: controller.signal,
      onEvent: (event) => {
        if (event.type === 'task.started' && event.task === 'second')
          setTimeout(() => controller.abort(new SynosError({ code: 'interrupted', signal: 'SIGTERM' })), 150);
      },
    });
    expect(Date.now() - before).toBeLessThan(10_000);
    expect(results.get(taskId('first'))?.status).toBe('ran');
    expect(results.get(taskId('second'))).toMatchObject({
      status: 'failed',
      failure: { code: 'interrupted', signal: 'SIGTERM' },
    });
    expect(results.get(taskId('third'))).toMatchObject({ status: 'skipped', because: 'second' });
    const pid = readFileSync(join(rig.tree, 'pid'), 'utf8').trim();
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect((await rig.build(planOf({ id: 'first' }))).story).toBe('first cached');
  });

  it('before anything ran leaves a result for every task', async () => {
    await using rig = makeRig();
    const { results } = await rig.build(planOf({ id: 'a' }, { id: 'b' }), { signal: AbortSignal.abort() });
    expect([...results.values()].map(({ status }) => status)).toEqual(['failed', 'skipped']);
    expect(results.get(taskId('a'))).toMatchObject({ failure: { code: 'interrupted' } });
  });

  it('while the programs are asked for their versions is told as a stop, not as a missing program', async () => {
    await using rig = makeRig();
    const asked: Action = {
      kind: 'asked',
      version: 1,
      tools: () => [{ name: 'bash', version: ['-c', 'sleep 5'], package: 'bash' }],
      parse: (params) => params,
      run: async () => {},
    };
    const stop = new AbortController();
    setTimeout(() => stop.abort(new SynosError({ code: 'interrupted', signal: 'SIGINT' })), 100);
    const { results } = await rig.build(planOf({ id: 'a', kind: 'asked' }), {
      signal: stop.signal,
      actions: [asked],
    });
    expect(results.get(taskId('a'))).toMatchObject({ status: 'failed', failure: { code: 'interrupted' } });
  });
});
