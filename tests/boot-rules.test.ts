// Guests that print no frames: read by the rules of their machine, typed at by its script.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../core/json.ts';
import { asmGuest, bootOnce, qemuLeft, type Workshop, workshop } from './boot-rig.ts';

let shop: Workshop;
beforeAll(() => {
  shop = workshop();
});
afterAll(() => shop[Symbol.dispose]());
afterEach(() => expect(qemuLeft()).toEqual([]));

let count = 0;
const guest = (body: string): string => asmGuest(shop.folder, `rules-${count++}`, body);
/** Prints a text of any bytes. */
const saying = (text: string): string => {
  const label = `message${count++}`;
  const octal = [...Buffer.from(text)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
  return ` mov $${label}, %esi\n call print\n .section .rodata\n${label}: .asciz "${octal}"\n .text\n`;
};
/** Looks at its port for what is never typed, as a prompt does. */
const forEver = '8: mov $0x3fd, %edx\n inb %dx, %al\n test $1, %al\n jz 8b\n jmp 8b\n';
/** Ports of q35: PM1a control for a power-off with SeaBIOS or qboot's tables, 0xcf9 for a reset. */
const powerOff = ' mov $0x604, %edx\n mov $0x2000, %eax\n outw %ax, %dx\n';
const reset = ' mov $0xcf9, %edx\n mov $6, %al\n outb %al, %dx\n';
/** Reads one character from the port and echoes it. */
const echoing = `
7: mov $0x3fd, %edx
 inb %dx, %al
 test $1, %al
 jz 7b
 mov $0x3f8, %edx
 inb %dx, %al
 outb %al, %dx
 cmp $'\\n', %al
 jne 7b
`;
const boot = (body: string, options: JsonObject) =>
  bootOnce({ kernel: guest(body), options: { limits: { seconds: 30, silenceSeconds: 2 }, ...options } });

describe('a guest with rules', () => {
  const results = 'boot: 1,024 KiB free\nread[seq]: 12.5 ms (disk=a)\nread[rnd]: 3 us (disk=a)\nready\n';
  const rules = {
    ready: '^ready',
    pass: 'all (is )?well',
    fail: ['^FAILED'],
    records: [
      {
        match: '^boot: (?P<value>[0-9,]+) KiB free',
        suite: 'boot',
        name: 'free',
        metric: 'memory',
        unit: 'KiB',
      },
      {
        match: '^(?P<name>read\\[\\w+\\]): (?P<value>[0-9.]+) (?P<unit>\\w+) \\(disk=(?P<disk>\\w+)\\)',
        suite: 'disk',
        metric: 'latency',
        count: 2,
      },
    ],
  };

  test('has passed at the line that says so, with its records', async () => {
    const { outcome, events } = await boot(`${saying(`${results}all is well\n`)}${forEver}`, { rules });
    expect(outcome).toMatchObject({
      end: 'passed',
      reason: 'the line came that says passed, 3 records',
      records: [
        { sequence: 0, suite: 'boot', name: 'free', unit: 'bytes', value: 1_048_576 },
        { suite: 'disk', name: 'read-seq', unit: 'ns', value: 12_500_000, labels: { disk: 'a' } },
        { suite: 'disk', name: 'read-rnd', unit: 'ns', value: 3000 },
      ],
    });
    expect(outcome.timing.readyMs).toBeGreaterThan(0);
    expect(outcome.timing.totalMs).toBeLessThan(2000);
    expect(events.filter((event) => event.type === 'boot.record')).toHaveLength(3);
  });

  test('is ready at a prompt that has no end of its line', async () => {
    const { outcome } = await boot(`${saying(`${results}all well?`)}${forEver}`, { rules });
    expect(outcome).toMatchObject({ end: 'passed', evidence: expect.arrayContaining(['ready: ready']) });
  });

  test.each([
    [
      'a failure before it',
      `FAILED disk\n${results}all well\n`,
      'failed',
      'the kernel said that it failed: FAILED disk',
    ],
    ['a panic before it', `${results}panic: no disk\nall well\n`, 'panic', /no disk/],
    ['a panic right behind it', `${results}all well\npanic: no disk\n`, 'panic', /no disk/],
    [
      'fewer records than must come',
      'ready\nboot: 1 KiB free\nall well\n',
      'incomplete',
      /2 records were to come .* 0 came/,
    ],
    ['a figure that is none', `${results}boot: ,,, KiB free\nall well\n`, 'incomplete', /not a number/],
    [
      'no line that says ready',
      `${results.replace('ready', '')}all well\n`,
      'incomplete',
      /ready never came/,
    ],
    [
      'a test that failed',
      `KTAP version 1\n1..1\nnot ok 1 x\n${results}all well\n`,
      'failed',
      /1 test failed: x/,
    ],
    [
      'a test that is lost',
      `KTAP version 1\n1..2\nok 1 x\n${results}all well\n`,
      'incomplete',
      /2 planned, 1 rep/,
    ],
  ])('has not passed with %s', async (_, text, end, reason) => {
    const { outcome } = await boot(`${saying(text)}${forEver}`, { rules });
    expect(outcome).toMatchObject({ end, reason: expect.stringMatching(reason) });
    expect(outcome.timing.totalMs).toBeLessThan(3000);
  });

  test.each([
    ['leaves well', ' leave 0x10\n', 'early'],
    ['powers off', powerOff, 'early'],
    ['leaves with the code of a failure', ' leave 0x11\n', 'failed'],
    ['resets', reset, 'reset'],
    ['halts', '', 'halt'],
  ])('that %s without the line has not passed', async (_, body, end) => {
    expect((await boot(`${saying(results)}${body}`, { rules })).outcome.end).toBe(end);
  });

  test('that resets right behind the line has not passed', async () => {
    const { outcome } = await boot(`${saying(`${results}all well\n`)}${reset}`, { rules });
    expect(outcome.end).toBe('reset');
  });

  test('has panicked by the words of its rules alone, where there are some', async () => {
    const own = { ...rules, panic: ['^Guru Meditation'] };
    const { outcome } = await boot(`${saying('panic: a drill\nGuru Meditation 4\n')}${forEver}`, {
      rules: own,
    });
    expect(outcome).toMatchObject({ end: 'panic', reason: 'the kernel panicked: Guru Meditation 4' });
  });
});

describe('what counts as passed is data', () => {
  const ktap = 'TAP version 13\n1..2\nok 1 a\nok 2 b # SKIP\n';
  const lava =
    '<LAVA_SIGNAL_STARTRUN smoke 1>\n<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=t RESULT=pass MEASUREMENT=1.5 UNITS=s>\n';
  test.each([
    ['ktap', `${saying(ktap)}${forEver}`, 'passed'],
    ['ktap', `${saying(ktap)}${powerOff}`, 'passed'],
    ['ktap', `${saying(ktap)}${reset}`, 'reset'],
    ['ktap', `${saying(ktap.replace('1..2', ''))}${powerOff}`, 'early'],
    ['ktap', `${saying(ktap.replace('ok 2', 'not ok 2').replace('# SKIP', ''))}${forEver}`, 'failed'],
    ['ktap', `${saying('hello\n')}${powerOff}`, 'early'],
    ['lava', `${saying(`${lava}<LAVA_SIGNAL_ENDRUN smoke 1>\n`)}${forEver}`, 'passed'],
    ['lava', `${saying(lava)}${powerOff}`, 'early'],
    ['poweroff', `${saying('bye\n')}${powerOff}`, 'passed'],
    ['poweroff', `${saying('bye\n')} leave 0x10\n`, 'early'],
    ['poweroff', `${saying('bye\n')}${reset}`, 'reset'],
    ['exit', `${saying('bye\n')} leave 0x10\n`, 'passed'],
    ['exit', `${saying('bye\n')} leave 0x11\n`, 'failed'],
    ['exit', ' leave 0x10\n', 'early'],
    ['exit', `${saying('bye\n')}${powerOff}`, 'early'],
    ['frames', `${saying('bye\n')} leave 0x10\n`, 'early'],
  ])('%s: %#', async (done, body, end) => {
    expect((await boot(body, { rules: { done } })).outcome).toMatchObject({ end });
  });

  test('an exit code of the own choice', async () => {
    const rules = { done: 'exit', passCode: 1 };
    expect((await boot(`${saying('x\n')} leave 0\n`, { rules })).outcome.end).toBe('passed');
    expect((await boot(`${saying('x\n')} leave 0x10\n`, { rules })).outcome.end).toBe('failed');
    // QEMU that does not start ends with 1, too.
    expect((await boot(' leave 0\n', { rules })).outcome.end).toBe('early');
    await expect(boot('', { rules, cpu: 'nonsense' })).rejects.toMatchObject({
      failure: { code: 'qemu.lacks' },
    });
  });

  test('a measurement of LAVA is a record', async () => {
    const text = `${lava}<LAVA_SIGNAL_ENDRUN smoke 1>\n`;
    const { outcome } = await boot(`${saying(text)}${forEver}`, { rules: { done: 'lava' } });
    expect(outcome.records).toMatchObject([{ suite: 'smoke', name: 't', unit: 'ns', value: 1_500_000_000 }]);
  });
});

describe('a script', () => {
  const talk = `${saying('\u001b[32mlogin\u001b[m: ')}${echoing}${saying('welcome\n# ')}${echoing}`;
  const script = [
    { expect: 'login: $', send: 'root\n' },
    { expect: '# ', send: 'make test\n' },
    { expect: 'done', seconds: 1 },
  ];

  test('that is played to its end has passed', async () => {
    const { outcome, log } = await boot(`${talk}${saying('all done\n')}${forEver}`, { script });
    expect(outcome).toMatchObject({ end: 'passed', reason: 'every step of the script came, 0 records' });
    expect(log.toString('latin1')).toContain('root\nwelcome\n# make test\nall done\n');
  });

  test('names the step that did not come, and shows what did', async () => {
    const { outcome } = await boot(`${talk}${saying('all d')}${forEver}`, { script });
    expect(outcome).toMatchObject({
      end: 'stalled',
      reason: expect.stringContaining('step 3 of the script (`done`) did not come within 1 s'),
      evidence: expect.arrayContaining(['2 of 3 steps of the script were reached']),
    });
    expect(outcome.tail.slice(-2)).toEqual(['# make test', 'all d']);
  });

  test('lets its guest be silent as long as the step says, not longer', async () => {
    const limits = { seconds: 30, silenceSeconds: 1, spinSeconds: 1 };
    const { outcome } = await boot(`${saying('x')}${forEver}`, {
      script: [{ expect: 'y', seconds: 3 }],
      limits,
    });
    expect(outcome).toMatchObject({ end: 'stalled', reason: expect.stringContaining('3 s') });
  });

  test('is over when its guest is', async () => {
    expect((await boot(`${saying('login: ')} leave 0x10\n`, { script })).outcome).toMatchObject({
      end: 'early',
      reason: 'the guest ended before the last step of the script',
    });
  });
});

describe('a guest that paints', () => {
  const at = (row: number, column: number): string => `\u001b[${row};${column}H`;
  const painting = saying(
    `\u001b[2J${at(25, 1)}Pass complete, no errors${at(1, 1)}Memtest ${at(3, 3)}Speed: 12 MiB${at(3, 10)}34 MiB${at(2, 1)}x`,
  );
  test('is read as the rows of its screen', async () => {
    const rules = {
      pass: '^Pass complete, no errors$',
      records: [
        { match: '^ *Speed: (?P<value>\\d+) MiB', suite: 'mem', name: 'all', metric: 'size', unit: 'MiB' },
      ],
    };
    const { outcome, log } = await boot(`${painting}${forEver}`, { rules, terminal: true });
    expect(outcome).toMatchObject({ end: 'passed', records: [{ value: 34 * 2 ** 20 }] });
    expect(outcome.tail).toHaveLength(25);
    expect(outcome.tail[2]).toBe('  Speed: 34 MiB');
    expect(log.toString('latin1')).toContain('\u001b[2J');
  });

  test('is typed at by what stands on its screen', async () => {
    const script = [
      { expect: 'Speed: 34 MiB', send: 'y\n' },
      { expect: 'chosen', seconds: 5 },
    ];
    const { outcome } = await boot(
      `${painting}${echoing}${saying(`${at(5, 1)}cho${at(5, 4)}sen`)}${forEver}`,
      {
        script,
        terminal: { columns: 40, rows: 30 },
      },
    );
    expect(outcome).toMatchObject({ end: 'passed', reason: expect.stringContaining('every step') });
  });
});
