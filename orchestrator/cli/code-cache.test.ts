import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../core/exec.ts';
import { codeCache, commandName } from './code-cache.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'synos-code-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const program = (text: string): string => {
  const file = join(folder, 'main.cjs');
  writeFileSync(file, text);
  return file;
};
const cache = (): string => join(folder, 'kept', 'deep');
const kept = (): string => join(cache(), 'main.cjs boot');

function runAndKeep(file: string): unknown {
  const code = codeCache(cache(), 'boot');
  const exported = code.run(file);
  code.keep();
  return exported;
}

describe('codeCache', () => {
  it('runs a file as a CommonJS module, with the files and built-in modules that it requires', () => {
    writeFileSync(join(folder, 'part.cjs'), 'module.exports = { base: __dirname, n: Math.random() };');
    const file = program(
      `exports.part = require('./part.cjs'); exports.again = require('./part.cjs'); exports.sep = require('node:path').sep; exports.file = __filename;`,
    );
    const exported = codeCache(cache(), 'boot').run(file) as { part: { base: string }; again: unknown };
    expect(exported).toMatchObject({ part: { base: folder }, sep: '/', file });
    expect(exported.again).toBe(exported.part);
  });

  it('keeps the functions that were called, and uses them in the next run', () => {
    const file = program(`const f = () => 'called'; module.exports = () => f();`);
    const code = codeCache(cache(), 'boot');
    const exported = code.run(file) as () => string;
    code.keep();
    const before = statSync(kept()).size;
    rmSync(kept());
    expect(exported()).toBe('called');
    code.keep();
    expect(statSync(kept()).size).toBeGreaterThan(before);

    const { mtimeMs, ino } = statSync(kept());
    expect((runAndKeep(file) as () => string)()).toBe('called');
    expect(statSync(kept())).toMatchObject({ mtimeMs, ino });
  });

  it('runs the new text of a file that was replaced by one of the same length', () => {
    const file = program(`module.exports = 'old';`);
    expect(runAndKeep(file)).toBe('old');
    const { atime, mtime } = statSync(file);
    program(`module.exports = 'new';`);
    utimesSync(file, atime, mtime);
    expect(runAndKeep(file)).toBe('new');
  });

  it('makes anew what is torn or from elsewhere', async () => {
    const file = program(`module.exports = 'whole';`);
    // In a process of its own each time: V8 knows what it compiled in this one.
    const elsewhere = async (): Promise<string> => {
      const script = `import { codeCache } from ${JSON.stringify(join(import.meta.dirname, 'code-cache.ts'))};
        const code = codeCache(${JSON.stringify(cache())}, 'boot');
        console.log(code.run(${JSON.stringify(file)}));
        code.keep();`;
      return (await run({ argv: [process.execPath, '--input-type=module', '-e', script] })).stdout.trim();
    };
    expect(await elsewhere()).toBe('whole');
    const whole = readFileSync(kept());
    const other = Buffer.from(whole);
    other.write('v0.0.0', 0, 'latin1');
    for (const damaged of [Buffer.alloc(0), whole.subarray(0, 200), whole.subarray(0, -100), other]) {
      rmSync(kept());
      writeFileSync(kept(), damaged);
      expect(await elsewhere()).toBe('whole');
      expect(readFileSync(kept()).length).toBe(whole.length);
      expect(readFileSync(kept(), 'latin1').startsWith(process.version)).toBe(true);
    }
  });

  it('does without where nothing can be kept, and leaves no half file', () => {
    const file = program(`module.exports = 1;`);
    writeFileSync(join(folder, 'kept'), 'a file in the way');
    expect(runAndKeep(file)).toBe(1);
    rmSync(join(folder, 'kept'));
    mkdirSync(kept(), { recursive: true });
    chmodSync(kept(), 0o755);
    expect(runAndKeep(file)).toBe(1);
    expect(readdirSync(cache())).toEqual(['main.cjs boot']);
  });

  it('starts over when there are very many command lines', () => {
    const file = program(`module.exports = 1;`);
    for (let n = 0; n < 100; n++) {
      const code = codeCache(cache(), `boot --${'abcdefghij'[n % 10]}${'abcdefghij'[Math.floor(n / 10)]}`);
      code.run(file);
      code.keep();
    }
    expect(readdirSync(cache()).length).toBeLessThanOrEqual(40);
  });
});

describe('commandName', () => {
  it('is the command and its options, without their values and in one order', () => {
    expect(commandName(['boot', 'direct', '--no-report', '--append=a b', '-q'])).toBe(
      'boot --append --no-report -q',
    );
    expect(commandName(['-q', '--append=x', '--no-report', 'boot'])).toBe('boot --append --no-report -q');
    expect(commandName([])).toBe('');
    expect(commandName(['complete', '--', 'boot', '--ex'])).toBe('complete');
  });

  it('is nothing for words that no command has', () => {
    expect(commandName(['../../x'])).toBeUndefined();
    expect(commandName(['boot', '--a/b'])).toBeUndefined();
    expect(commandName([`--${'x'.repeat(200)}`])).toBeUndefined();
  });
});
