// SynOS as an installed package in somebody else's repository: what the package holds, that it runs there under an older Node, and that
// nothing is left when it is killed.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root } from './rig.ts';

/** That of the machine, without the Node 24 of this checkout. */
const env = { ...process.env, PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', NO_COLOR: '1' };

let place: string;
let other: string;
let packed: string[];
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'synos-installed-'));
  other = join(place, 'other');
  command(root, 'npm', 'pack', '--silent', '--pack-destination', place);
  const tarball = join(place, readdirSync(place).find((name) => name.endsWith('.tgz')) ?? '');
  packed = command(place, 'tar', 'tzf', tarball).split('\n');
  cpSync(join(root, 'examples', 'makefile-kernel'), other, {
    recursive: true,
    filter: (path) => !/\/(?:out|\.synos|build)$/.test(path),
  });
  writeFileSync(join(other, 'package.json'), '{ "name": "other", "private": true }\n');
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
  command(other, 'npm', 'install', ...quiet, tarball);
}, 180_000);
afterAll(() => rmSync(place, { recursive: true, force: true, maxRetries: 3 }));

function command(cwd: string, name: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(name, args, { cwd, env, encoding: 'utf8', timeout: 170_000 });
  if (status !== 0) throw new Error(`${name} ${args.join(' ')}: ${status}\n${stderr}`);
  return stdout;
}

it('the package holds the bundle, the header for records, schemas and documentation, and nothing else', () => {
  const names = packed.map((path) => path.replace('package/', '')).filter((path) => path !== '');
  expect(names).toEqual(
    expect.arrayContaining([
      'dist/main.cjs',
      'dist/synos.cjs',
      'dist/schema/config.schema.json',
      'docs/records.md',
    ]),
  );
  expect(names.filter((path) => path.startsWith('kernel/'))).toEqual(['kernel/include/synos/record.h']);
  expect(
    names.filter((path) => !/^(?:dist|docs|kernel)\/|^(?:package\.json|README\.md|LICENSE)$/.test(path)),
  ).toEqual([]);
  expect(names.filter((path) => path.endsWith('.map'))).toEqual([]);
});

it('the example has the header as it is', () => {
  const header = 'kernel/include/synos/record.h';
  expect(readFileSync(join(other, 'src', 'record.h'), 'utf8')).toBe(
    readFileSync(join(other, 'node_modules', 'synos', header), 'utf8'),
  );
});

it('installed, it builds and boots a kernel of the other repository', () => {
  expect(command(other, 'npx', 'synos', 'build')).toContain('out/kernel.elf');
  const run = JSON.parse(command(other, 'npx', 'synos', 'boot', '--json')) as { verdict: { end: string } };
  expect(run.verdict.end).toBe('passed');
}, 120_000);

it('killed, it leaves nothing behind', async () => {
  const mark = `98764.${process.pid}`;
  writeFileSync(join(other, 'Makefile'), `all:\n\tsleep ${mark}\n`);
  const child = spawn('node_modules/.bin/synos', ['build'], { cwd: other, env, stdio: 'ignore' });
  await until(() => sleeping(mark) > 0);
  child.kill('SIGKILL');
  await until(() => sleeping(mark) === 0);
}, 60_000);

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 200) throw new Error('it never came');
    await sleep(100);
  }
}

const sleeping = (mark: string): number =>
  readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`sleep\0${mark}`);
    } catch {
      return false; // it ended meanwhile
    }
  }).length;
