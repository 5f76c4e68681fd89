// Scripts: a prompt is found however it comes torn, and nothing behind a match is lost.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { playScript } from './script.ts';

function play(steps: readonly [expect: string, send: string][], slower = 1) {
  const typed: string[] = [];
  const options = steps.map(([expected, send]) => ({ expect: expected, send, seconds: 30 }));
  const script = playScript(options, slower, (text) => typed.push(Buffer.from(text).toString()));
  return { script, typed };
}

const talk =
  'BIOS\r\n\x1b[2J\x1b]0;title\x07\x1b[1;32mlogin: \x1b[0mgr\u00fc\u00dfe\r\nPassword: \r\nroot@host:~# \u4f60\u597d\r\nroot@host:~# ';
const steps = [
  ['login: ', 'root\n'],
  ['gr\u00fc\u00dfe\r\nPassword: $', 'secret\n'],
  ['~# \u4f60', 'uname\n'],
  ['~# ', 'exit\n'],
] as const;

test('all steps come, however the output is torn', () => {
  const bytes = Buffer.from(talk, 'utf8');
  // The second step ends in `$`, the end of what came: it is torn where the test says.
  const mayTear = bytes.indexOf('Password: ') + 'Password: '.length;
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: bytes.length })), (cuts) => {
      const places = [...new Set([0, ...cuts, mayTear, bytes.length])].sort((a, b) => a - b);
      const { script, typed } = play(steps.map(([a, b]) => [a, b]));
      for (const [index, place] of places.slice(1).entries())
        script.hear(bytes.subarray(places[index], place));
      expect([script.waiting(), typed]).toEqual([undefined, steps.map(([, send]) => send)]);
    }),
    { numRuns: 300 },
  );
});

test('what came before a match does not count for the next step', () => {
  const { script, typed } = play([
    ['# ', 'one\n'],
    ['# ', 'two\n'],
  ]);
  script.hear(Buffer.from('# '));
  expect(typed).toEqual(['one\n']);
  expect(script.waiting()).toBe('step 2 of the script (`# `)');
  script.hear(Buffer.from('one\n# '));
  expect(typed).toEqual(['one\n', 'two\n']);
});

test('a flood before the prompt costs no memory, and the prompt is found behind it', () => {
  const { script } = play([['ready> ', '']]);
  for (let i = 0; i < 400; i++) script.hear(Buffer.alloc(65_536, 'x'));
  script.hear(Buffer.from('read'));
  script.hear(Buffer.from('y> '));
  expect(script.waiting()).toBeUndefined();
}, 20_000);

test('a step that takes its time is late', () => {
  const { script } = play([['never', '']], 0);
  expect(script.late()).toMatchObject({ step: 'step 1 of the script (`never`)' });
});
