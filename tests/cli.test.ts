import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { schemaNames } from '../orchestrator/cli/schema.ts';
import { fits } from './fits.ts';
import { project, root } from './rig.ts';

describe('the command line', () => {
  it('when asked for help, lists every command and the exit codes on standard output', async () => {
    await using rig = await project();
    const { exit, out } = await rig.synos(['--help']);
    expect(exit).toBe(0);
    for (const name of [
      'build',
      'boot',
      'lock',
      'report',
      'doctor',
      'clean',
      'config',
      'schema',
      'completion',
    ]) {
      expect(out).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
    }
    expect(out).toContain('Exit codes');
  });

  it('when a command is unknown, exits 2 and suggests the nearest', async () => {
    await using rig = await project();
    const { exit, out, err } = await rig.synos(['bild']);
    expect([exit, out]).toEqual([2, '']);
    expect(err).toContain('Did you mean build?');
  });

  it('when an option is unknown, exits 2 and suggests the nearest', async () => {
    await using rig = await project();
    const { exit, err } = await rig.synos(['boot', '--exakt']);
    expect(exit).toBe(2);
    expect(err).toContain('--exact');
  });

  it('when a target or machine is unknown, exits 2, suggests the nearest, and touches nothing', async () => {
    await using rig = await project();
    const target = await rig.synos(['build', 'kernal']);
    expect(target.exit).toBe(2);
    expect(target.err).toContain('did you mean kernel?');
    const machine = await rig.synos(['boot', 'dirct']);
    expect(machine.exit).toBe(2);
    expect(machine.err).toContain('did you mean direct?');
    expect(rig.has('.synos')).toBe(false);
    expect(rig.has('out')).toBe(false);
  });

  it('when the configuration is bad, exits 2 with file:line:column, and --json says the same as data', async () => {
    await using rig = await project({ config: 'kernel:\n  compilor: gcc\n' });
    const plain = await rig.synos(['build']);
    expect(plain.exit).toBe(2);
    expect(plain.err).toContain('synos.yaml:2:3 kernel.compilor: unknown key (did you mean compiler?)');
    const json = await rig.synos(['build', '--json']);
    expect(json.exit).toBe(2);
    await fits('error', json.json());
    expect(rig.has('.synos')).toBe(false);
  });

  it('when the configuration has 10 MB or is an alias bomb, exits 2 at once', async () => {
    await using rig = await project({ config: `# ${'x'.repeat(10_000_000)}\n` });
    expect((await rig.synos(['config'])).exit).toBe(2);
    const bomb = 'abcdefghi'.split('').map((name, index, all) => {
      const before = all[index - 1];
      return `${name}: &${name} [${Array(9)
        .fill(before ? `*${before}` : 'lol')
        .join(',')}]`;
    });
    rig.write('synos.yaml', bomb.join('\n'));
    const ended = await rig.synos(['config'], { limitMs: 10_000 });
    expect(ended.exit).toBe(2);
    expect(ended.err).toMatch(/alias/i);
  });

  it('when a config file is named that does not exist, exits 2', async () => {
    await using rig = await project();
    const { exit, err } = await rig.synos(['config', '--config', 'other.yaml']);
    expect(exit).toBe(2);
    expect(err).toContain('other.yaml does not exist');
  });

  it('when the reader of its output goes away, ends quietly', async () => {
    await using rig = await project();
    const script = `"${process.execPath}" "${join(root, 'dist', 'synos.cjs')}" schema config | head -n 1; echo "\${PIPESTATUS[0]}"`;
    const ended = await rig.synos([], { under: ['bash', '-c', script] });
    expect(ended.out.trim().split('\n').at(-1)).toBe('0');
    expect(ended.err).toBe('');
  });

  it('prints no control characters in a pipe, and none with --color never', async () => {
    await using rig = await project();
    const { out, err } = await rig.synos(['config', '--color', 'never'], {
      env: { FORCE_COLOR: '1', NO_COLOR: '' },
    });
    expect(out + err).not.toContain('\x1b');
  });
});

describe('synos config', () => {
  it('prints every value with where it came from, as text and as the described document', async () => {
    await using rig = await project({ config: 'kernel:\n  compiler: clang\n' });
    const plain = await rig.synos(['config', '--set', 'kernel.profile=debug'], {
      env: { SYNOS_ISO_SUITE: 'bookworm', COLUMNS: '160' },
    });
    expect(plain.out).toMatch(/kernel\.compiler +"clang" +# .*synos\.yaml:2:3/);
    expect(plain.out).toMatch(/kernel\.profile +"debug" +# --set/);
    expect(plain.out).toMatch(/iso\.suite +"bookworm" +# SYNOS_ISO_SUITE/);
    await fits('settings', (await rig.synos(['config', '--json'])).json());
  });

  it('cuts nothing on a narrow terminal', async () => {
    await using rig = await project();
    const { out } = await rig.synos(['config'], { env: { COLUMNS: '40' } });
    expect(out).toContain('/usr/share/keyrings/debian-archive-keyring.gpg');
  });
});

describe('synos schema', () => {
  it('prints every schema that it lists, each valid JSON Schema', async () => {
    await using rig = await project();
    const listed = (await rig.synos(['schema'])).out.trim().split('\n');
    expect(listed).toEqual(schemaNames());
    const ajv = new Ajv2020({ strict: false });
    for (const name of listed) ajv.compile(JSON.parse((await rig.synos(['schema', name])).out) as object);
  });
});

describe('synos completion', () => {
  it('gives bash what synos itself answers: commands, options, machines of the configuration', async () => {
    await using rig = await project({ config: 'machines: { alpha: {}, beta: {} }\n' });
    const words = async (...typed: string[]): Promise<string[]> =>
      (await rig.synos(['complete', '--', ...typed])).out.split('\n');
    expect(await words('bo')).toContain('boot');
    expect(await words('boot', '')).toEqual(['alpha', 'beta', '']);
    expect(await words('boot', '--ex')).toEqual(['--exact', '']);
    expect(await words('build', 'k')).toContain('kernel');
  });

  it('is a script that bash can read', async () => {
    await using rig = await project();
    const { out } = await rig.synos(['completion', 'bash']);
    rig.write('completion', out);
    const ended = await rig.synos([], { under: ['bash', '-n', 'completion'] });
    expect(ended.exit).toBe(0);
  });

  it('when the shell is unknown, exits 2', async () => {
    await using rig = await project();
    expect((await rig.synos(['completion', 'tcsh'])).exit).toBe(2);
  });
});

describe('synos clean', () => {
  it('removes the outputs and only the outputs', async () => {
    await using rig = await project();
    rig.write('keep.txt', 'mine');
    const { mkdirSync, writeFileSync } = await import('node:fs');
    mkdirSync(join(rig.folder, 'out'));
    writeFileSync(join(rig.folder, 'out', 'synos.elf'), 'x'.repeat(2048));
    mkdirSync(join(rig.folder, '.synos', 'cache'), { recursive: true });
    writeFileSync(join(rig.folder, '.synos', 'runs.sqlite'), '');
    const dry = (await rig.synos(['clean', '--dry-run', '--json'])).json() as {
      removed: { bytes: number }[];
    };
    await fits('clean', dry);
    expect(dry.removed).toEqual([{ path: 'out', bytes: 2048 }]);
    expect(rig.has('out/synos.elf')).toBe(true);
    expect((await rig.synos(['clean'])).exit).toBe(0);
    expect([rig.has('out'), rig.has('.synos/cache'), rig.has('keep.txt')]).toEqual([false, true, true]);
    await rig.synos(['clean', '--cache']);
    expect([rig.has('.synos/cache'), rig.has('.synos/runs.sqlite')]).toEqual([false, true]);
  });
});

describe('the documentation', () => {
  it('shows in the README only commands that exist', async () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const used = [...readme.matchAll(/synos ([a-z]+)/g)].map((match) => match[1]);
    await using rig = await project();
    const { out } = await rig.synos(['--help']);
    for (const name of used) expect(out).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
  });
});
