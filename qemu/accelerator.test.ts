// The choice of the accelerator: what is asked for, what is kept, and what a machine that cannot run KVM is told. KVM itself is never started
// here: a stand-in answers for the probe's QEMU.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EventBody } from '../core/event.ts';
import type { Command, Finished, Running } from '../core/exec.ts';
import { SynosError } from '../core/failure.ts';
import { explain } from '../core/failure-table.ts';
import { chooseAccelerator } from './accelerator.ts';

let folder = '';
const shared = (): string => join(folder, 'shared');
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'synos-accelerator-'));
  mkdirSync(shared());
});
afterEach(() => rmSync(folder, { recursive: true }));

type Answer = Partial<Pick<Finished, 'exit' | 'signal' | 'stderr' | 'timedOut'>> & { said?: string };

function host(answer: Answer) {
  const events: EventBody[] = [];
  const commands: Command[] = [];
  const start = async (command: Command): Promise<Running> => {
    commands.push(command);
    if (answer.said !== undefined) writeFileSync(join(folder, 'probe.txt'), answer.said);
    const { exit = 0, signal = null, stderr = '', timedOut = false } = answer;
    const ended = {
      argv: command.argv,
      exit,
      signal,
      stdout: '',
      stderr,
      durationMs: 1,
      timedOut,
      aborted: false,
    };
    return {
      pid: 1,
      channel: undefined,
      sideChannel: undefined,
      stdout: undefined,
      ended: Promise.resolve(ended),
      end: async () => {},
    };
  };
  return {
    work: folder,
    shared: shared(),
    start,
    emit: (event: EventBody) => events.push(event),
    events,
    commands,
  };
}
const auto = { accelerator: 'auto', cpu: 'max' } as const;
const insists = { accelerator: 'kvm', cpu: 'max' } as const;
const ran: Answer = { exit: 85, said: 'synos probe ran\n' };

test('TCG is taken without a probe where it was asked for, and for exact runs', async () => {
  const one = host(ran);
  expect(await chooseAccelerator({ accelerator: 'tcg', cpu: 'max' }, false, one)).toBe('tcg');
  expect(await chooseAccelerator(auto, true, one)).toBe('tcg');
  expect(one.commands).toEqual([]);
});

// Without the device the probe is never reached; everything below is about its answer.
describe.runIf(existsSync('/dev/kvm'))('where there is a /dev/kvm', () => {
  test('KVM is taken when the probe guest ran under it', async () => {
    const one = host(ran);
    expect(await chooseAccelerator(auto, false, one)).toBe('kvm');
    expect(one.events).toEqual([]);
    expect(one.commands[0]?.argv.join(' ')).toContain('-accel kvm');
  });

  test.each<[string, Answer, RegExp]>([
    ['a triple fault', { exit: 0 }, /triple fault/],
    ['the right code, but no word', { exit: 85, said: '' }, /exit code 85/],
    ['the right word, but another code', { exit: 1, said: 'synos probe ran\n' }, /exit code 1/],
    [
      'an MSR that cannot be set',
      {
        exit: null,
        signal: 'SIGABRT',
        stderr: 'qemu-system-x86_64: error: failed to set MSR 0x10a\nAssertion',
      },
      /failed to set MSR 0x10a/,
    ],
    ['no end', { exit: null, signal: 'SIGTERM', timedOut: true }, /did not end within 1.5 s/],
  ])('TCG is taken, with a warning, after %s', async (_name, answer, reason) => {
    const one = host(answer);
    expect(await chooseAccelerator(auto, false, one)).toBe('tcg');
    expect(one.events).toEqual([{ type: 'warning', message: expect.stringMatching(reason) }]);
  });

  test('who insists on KVM is told why not, and exits 4', async () => {
    const failed = await chooseAccelerator(insists, false, host({ exit: 0 })).catch(
      (error: unknown) => error,
    );
    expect(failed).toBeInstanceOf(SynosError);
    expect(explain((failed as SynosError).failure)).toMatchObject({
      exit: 4,
      message: expect.stringMatching(/triple fault/),
    });
  });

  test('an answer is kept, for its CPU model', async () => {
    await chooseAccelerator(auto, false, host(ran));
    const again = host({ exit: 0 });
    expect(await chooseAccelerator(auto, false, again)).toBe('kvm');
    expect(again.commands).toEqual([]);
    expect(await chooseAccelerator({ ...auto, cpu: 'host' }, false, again)).toBe('tcg');
    expect(again.commands).toHaveLength(1);
  });

  test('an answer that may change is not kept', async () => {
    await chooseAccelerator(auto, false, host({ timedOut: true }));
    expect(readdirSync(shared())).toEqual([]);
  });

  test('a kept answer that is damaged is as good as none', async () => {
    await chooseAccelerator(auto, false, host({ exit: 0 }));
    const [name = ''] = readdirSync(shared());
    writeFileSync(join(shared(), name), '{"runs":"perhaps"');
    expect(await chooseAccelerator(auto, false, host(ran))).toBe('kvm');
  });
});
