import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Failure, SynosError } from '../../core/failure.ts';
import { loadConfig } from './load.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'synos-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Layers = { set?: string[]; environment?: Record<string, string>; directory?: string };

function load(text: string | undefined, layers: Layers = {}): ReturnType<typeof loadConfig> {
  if (text !== undefined) writeFileSync(join(folder, 'synos.yaml'), text);
  return loadConfig({
    directory: layers.directory ?? folder,
    environment: layers.environment ?? {},
    set: layers.set ?? [],
  });
}

function failure(
  text: string | undefined,
  layers: Layers = {},
): Extract<Failure, { code: 'config.invalid' }> {
  try {
    load(text, layers);
  } catch (error) {
    if (error instanceof SynosError && error.failure.code === 'config.invalid') return error.failure;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

describe('a configuration', () => {
  it('is whole without any file', () => {
    const { config, file } = load(undefined);
    expect(file).toBeUndefined();
    expect(Object.keys(config.machines)).toEqual(['direct', 'iso']);
    expect(config.kernel).toMatchObject({ compiler: 'gcc' });
  });

  it('is found in a folder above', () => {
    const below = join(folder, 'a', 'b');
    mkdirSync(below, { recursive: true });
    const { config, tree } = load('kernel: { compiler: clang }\n', { directory: below });
    expect(config.kernel).toMatchObject({ compiler: 'clang' });
    expect(tree).toBe(folder);
  });

  it('takes options before variables before the file before defaults, and remembers which', () => {
    const text = 'kernel:\n  compiler: gcc\n  profile: release\n';
    const environment = {
      SYNOS_KERNEL_COMPILER: 'clang',
      SYNOS_KERNEL_PROFILE: 'debug',
      SYNOS_MACHINES_DIRECT_MEMORY_MIB: '256',
    };
    const { config, leaves } = load(text, { environment, set: ['kernel.profile=release'] });
    expect(config.kernel).toMatchObject({ compiler: 'clang', profile: 'release' });
    expect(config.machines['direct']?.memoryMib).toBe(256);
    expect(config.machines['iso']?.boot).toBe('iso');
    const source = (path: string): string | undefined => leaves.find((leaf) => leaf.path === path)?.source;
    expect(source('kernel.compiler')).toBe('SYNOS_KERNEL_COMPILER');
    expect(source('kernel.profile')).toBe('--set kernel.profile=release');
    expect(source('machines.direct.memoryMib')).toBe('SYNOS_MACHINES_DIRECT_MEMORY_MIB');
    expect(source('iso.suite')).toBe('default');
  });

  it('names file, line and column of what the file set', () => {
    const { leaves } = load('kernel:\n  compiler: clang\n');
    expect(leaves.find((leaf) => leaf.path === 'kernel.compiler')?.source).toBe(
      `${join(folder, 'synos.yaml')}:2:3`,
    );
  });
});

describe('a bad configuration is refused', () => {
  it('when a key is unknown, with its place and the nearest known key', () => {
    const { issues } = failure('kernel:\n  compilor: gcc\n');
    expect(issues).toEqual([
      {
        path: 'kernel.compilor',
        message: 'unknown key',
        line: 2,
        column: 3,
        source: 'file',
        suggestion: 'did you mean compiler?',
      },
    ]);
  });

  it('when a value has the wrong type, at its place', () => {
    const { issues } = failure('machines:\n  direct:\n    cpus: many\n');
    expect(issues).toHaveLength(1);
    expect(issues[0]).toMatchObject({ path: 'machines.direct.cpus', line: 3, column: 5, source: 'file' });
  });

  it('when a variable names no setting, with the nearest that does', () => {
    const { issues } = failure(undefined, { environment: { SYNOS_KERNEL_COMPILOR: 'gcc' } });
    expect(issues[0]).toMatchObject({
      source: 'environment',
      suggestion: 'did you mean SYNOS_KERNEL_COMPILER?',
    });
  });

  it('when --set has no value or no such path', () => {
    expect(failure(undefined, { set: ['kernel.compiler'] }).issues[0]?.message).toContain('PATH=VALUE');
    expect(failure(undefined, { set: ['kernel.nothing=1'] }).issues[0]).toMatchObject({
      source: 'option',
      message: 'unknown key',
    });
  });

  it('when it is no YAML, with the place', () => {
    const { issues } = failure('kernel:\n  compiler: [gcc\n');
    expect(issues[0]?.line).toBeGreaterThan(1);
  });

  it('when a key comes twice', () => {
    expect(failure('kernel:\n  dir: a\n  dir: b\n').issues[0]?.message).toMatch(/unique/);
  });

  it('when the file has 10 MB, without parsing it', () => {
    const started = performance.now();
    expect(failure(`# ${'x'.repeat(10_000_000)}\n`).issues[0]?.message).toContain('at most');
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('when it is an alias bomb, without unfolding it', () => {
    const levels = 'abcdefghi'.split('').map((name, index, all) => {
      const before = all[index - 1];
      return `${name}: &${name} [${Array(9)
        .fill(before ? `*${before}` : 'lol')
        .join(',')}]`;
    });
    expect(failure(`${levels.join('\n')}\n`).issues[0]?.message).toMatch(/alias/i);
  });

  it('when it is nested without end', () => {
    expect(failure(`kernel: ${'['.repeat(100_000)}`).issues).not.toHaveLength(0);
    expect(failure(`kernel: ${'['.repeat(30)}${']'.repeat(30)}`).issues[0]?.message).toContain('nested');
  });

  it('when it names a tag that would make an object', () => {
    expect(() => load('kernel: !!js/function "function(){}"\n')).toThrow(SynosError);
  });

  it('when a key would reach the prototype', () => {
    expect(failure('__proto__: { polluted: 1 }\n').issues).not.toHaveLength(0);
    expect(failure(undefined, { set: ['__proto__.polluted=1'] }).issues).not.toHaveLength(0);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('with at most twenty issues shown and the others counted', () => {
    const packages = Array.from({ length: 300 }, (_, n) => `"-o evil${n}"`).join(', ');
    const { issues, more } = failure(`iso: { packages: { system: [${packages}] } }\n`);
    expect(issues).toHaveLength(20);
    expect(issues.length + more).toBe(300);
  });

  it('with escapes in its names made visible', () => {
    const { issues } = failure('"\\e[31mred": 1\n');
    expect(issues[0]?.path).toBe('\\x1b[31mred');
  });
});

describe('patterns are checked when they are read', () => {
  const faults = (text: string): string[] =>
    failure(text).issues.map((issue) => `${issue.line}:${issue.column} ${issue.path}: ${issue.message}`);

  it('tells each that is none, at its place', () => {
    expect(
      faults(`machines:
  a:
    rules:
      ready: 'login('
      fail: ['ok', '(?=a)']
    script:
      - expect: 'x{1000}{1000}'
`),
    ).toEqual([
      "4:7 machines.a.rules.ready: not a pattern in RE2's syntax: missing closing ): `login(`",
      "5:20 machines.a.rules.fail.1: not a pattern in RE2's syntax: invalid or unsupported Perl syntax: `(?=`",
      "7:9 machines.a.script.0.expect: not a pattern in RE2's syntax: invalid nested repetition operator: `{1000}{1000}`",
    ]);
  });

  it('wants a record to say all that it is', () => {
    expect(
      faults(`machines:
  a:
    rules:
      records:
        - match: '^(?P<name>[a-z]+) (?P<Disk>[a-z])'
          suite: mem
          name: twice
          unit: parsec
`),
    ).toEqual([
      expect.stringContaining('8:11 machines.a.rules.records.0.unit: must be a known unit'),
      '5:11 machines.a.rules.records.0.match: needs a group named value: `(?P<value>[0-9]+)`',
      '5:11 machines.a.rules.records.0.match: nothing says the metric: a group named metric, or the field `metric`',
      '7:11 machines.a.rules.records.0.name: the name is said twice: by a group and by this field',
      '5:11 machines.a.rules.records.0.match: the group Disk is not in lower case',
    ]);
  });

  it('takes one that other engines run away with, and refuses one that is too large', () => {
    expect(load("machines: { a: { rules: { ready: '(a+)+$' } } }\n").config.machines['a']?.rules?.ready).toBe(
      '(a+)+$',
    );
    expect(faults("machines: { a: { rules: { ready: '(x{0,99}y{0,99}){0,9}z{0,999}' } } }\n")).toEqual([
      expect.stringContaining('repeat less'),
    ]);
  });

  it('suggests the known key inside of a list', () => {
    const { issues } = failure("machines: { a: { script: [{ expekt: 'x' }] } }\n");
    expect(issues.map(({ suggestion }) => suggestion)).toContain('did you mean expect?');
  });

  it('misses what a way to pass needs', () => {
    expect(faults('machines: { a: { rules: { done: pass } }, b: { rules: { done: script } } }\n')).toEqual([
      expect.stringContaining('there is no `pass` pattern'),
      expect.stringContaining('needs a `script`'),
    ]);
  });
});
