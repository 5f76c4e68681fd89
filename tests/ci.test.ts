// `synos ci` as a pipeline runs it: a repository of somebody else, the variables of GitHub and GitLab, and what each of them is handed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CiDocument } from '../orchestrator/results/ci/document.ts';
import { qemuLeft } from './boot-rig.ts';
import { type KernelRig, kernelProject } from './ci-rig.ts';
import { fits } from './fits.ts';

let rig: KernelRig;
beforeAll(async () => {
  rig = await kernelProject();
});
afterAll(async () => rig[Symbol.asyncDispose]());

const plain = { CI: 'true', GITHUB_ACTIONS: '', GITLAB_CI: '' };
const file = (name: string): string => readFileSync(join(rig.folder, 'out', 'ci', name), 'utf8');
const found = (): CiDocument => JSON.parse(file('ci.json')) as CiDocument;
const verdicts = ({ steps }: CiDocument): object =>
  Object.fromEntries(steps.map(({ name, verdict }) => [name, verdict]));

/** The variables of a job for a pull request, with empty files for what it hands on. */
function github(): { CI: string; GITHUB_STEP_SUMMARY: string; GITHUB_OUTPUT: string } {
  const place = (name: string): string => {
    const path = join(rig.folder, 'out', name);
    mkdirSync(join(rig.folder, 'out'), { recursive: true });
    writeFileSync(path, '');
    return path;
  };
  const files = { GITHUB_STEP_SUMMARY: place('step-summary'), GITHUB_OUTPUT: place('step-output') };
  return { ...plain, ...{ GITHUB_ACTIONS: 'true', GITHUB_BASE_REF: 'trunk' }, ...files };
}
const gitlab = { ...plain, GITLAB_CI: 'true', CI_MERGE_REQUEST_TARGET_BRANCH_NAME: 'trunk' };

/** What GitHub's runner would take for commands: as it reads them, also behind blanks, but not while it is told to stop. */
function commandsIn(log: string): string[] {
  let word: string | undefined;
  return log.split(/\r?\n/).flatMap((line) => {
    const text = line.trimStart();
    if (word !== undefined && text === `::${word}::`) word = undefined;
    else if (word === undefined && text.startsWith('::stop-commands::')) word = text.slice(17);
    else if (word === undefined && (text.startsWith('::') || line.includes('##['))) return [text];
    return [];
  });
}

describe('synos ci', () => {
  it('on the first commit builds, boots and stores, and says that there is nothing to compare with', async () => {
    const { exit, json, err } = await rig.synos(['ci', '--json'], { env: plain });
    expect([exit, err]).toEqual([0, expect.stringContaining('step    tests: passed')]);
    const document = json() as CiDocument;
    await fits('ci', document);
    expect(document).toEqual(found());
    expect(verdicts(document)).toEqual({
      ...{ build: 'passed', boot: 'passed', tests: 'passed', store: 'passed' },
      ...{ baseline: 'skipped', benchmarks: 'skipped', gate: 'skipped' },
    });
    await fits('run', JSON.parse(file('run.json')));
    expect(file('junit.xml')).toContain('<testcase classname="small" name="end"');
    expect(file('tests.ktap')).toContain('ok 2 - end');
    expect(file('logs/small.serial.log')).toContain('instructions for work');
    expect(file('metrics.txt')).toMatch(/^synos_instructions\{.*\} \d+$/m);
    expect(file('report.html')).toContain('<!doctype html>');
    expect(file('events.jsonl')).toContain('"boot.ended"');
  });

  it('ends with an error where a file for the server cannot be written, and writes the others', async () => {
    const folder = join(rig.folder, 'out', 'ci');
    rmSync(folder, { recursive: true, force: true });
    let waits: NodeJS.Timeout | undefined;
    const started = (): void => {
      waits = setInterval(() => {
        if (existsSync(join(folder, 'events.jsonl')))
          mkdirSync(join(folder, 'junit.xml'), { recursive: true });
      }, 5);
    };
    const { exit, err } = await rig.synos(['ci'], { env: plain, started });
    clearInterval(waits);
    expect(exit).toBe(4);
    expect(err).toMatch(/junit\.xml cannot be written \(it is a folder\)/);
    expect(existsSync(join(folder, 'report.html'))).toBe(true);
  });

  it('shuts on 500 instructions more than the stored run of the target branch counted, and hands all of it to GitHub', async () => {
    rig.git('checkout', '--quiet', '-b', 'topic');
    rig.mode({ EXTRA: '"nop"' });
    rig.git('commit', '--quiet', '--all', '--message', 'slower');
    const env = github();
    const { exit, out, err } = await rig.synos(['ci'], { env });
    expect(exit).toBe(3);
    expect(out).toMatch(/failed at gate in .*, exit code 3/);
    const document = found();
    expect(document.baseline).toMatchObject({ from: 'stored', commit: rig.git('rev-parse', 'trunk') });
    expect(document.grew).toMatchObject([{ name: 'kernel work cost', accepted: null }]);
    const [grown] = document.grew;
    expect(Number(grown?.now) - Number(grown?.before)).toBe(500);
    await fits('comparison', JSON.parse(file('comparison.json')));
    expect(commandsIn(err)).toContainEqual(
      expect.stringMatching(/^::error title=small%3A kernel work cost is slower::\d+ before, \d+ now/),
    );
    const summary = readFileSync(env.GITHUB_STEP_SUMMARY, 'utf8');
    expect(summary).toBe(file('summary.md'));
    expect(summary).toContain('| gate | ❌ failed |');
    expect(summary).toMatch(/\| `kernel work cost` \| `small` \| [\d,]+ \| [\d,]+ \| \+[\d.]+ % \| ❌ \|/);
    expect(readFileSync(env.GITHUB_OUTPUT, 'utf8')).toMatch(
      /^verdict=failed\nexit=3\nstep=gate\nrun=\S+\n.*\nslower=1\n$/,
    );
    expect(file('junit.xml')).toMatch(/<testcase classname="ci" name="gate"[^>]*>\s*<failure/);
  });

  it('opens the gate for a metric that may grow until a day, and with --no-gate; boots the baseline when told to', async () => {
    rig.configure(
      'ci:\n  gate:\n    accept: [{ metric: work cost, until: 2999-12-31, why: a check more }]\n',
    );
    const accepted = await rig.synos(['ci', '--against', 'trunk', '--baseline', 'boot', '--json'], {
      env: plain,
    });
    expect(accepted.exit).toBe(0);
    expect(accepted.json()).toMatchObject({
      baseline: { from: 'booted' },
      grew: [{ accepted: 'a check more' }],
    });
    expect(file('junit.xml')).toContain('failures="0"');
    rig.configure('');
    const open = await rig.synos(['ci', '--against', 'trunk', '--no-gate'], { env: plain });
    expect([open.exit, verdicts(found())]).toEqual([0, expect.objectContaining({ gate: 'warned' })]);
    rig.git('checkout', '--quiet', '.');
  });

  it('when a test fails, points at its line, and what the guest prints is no command, no markup and no colour', async () => {
    const hostile = [
      ...[
        '::error::guest',
        '   ::set-output name=x::y',
        '##[error]guest',
        '::stop-commands::x',
        '::endgroup::',
      ],
      ...['##vso[task.complete]', '\\033[31mred', '\\033[0Ksection_start:1:x\\r'],
    ];
    const name = '@team | </table> `x` ::error::%0A![a](http://b) </details>';
    rig.mode({ FAIL: '1', SAYS: `"${hostile.join('\\n')}\\n"`, NAME: `"${name}"` });
    const env = github();
    const { exit, out, err } = await rig.synos(['ci', '--verbose'], { env });
    expect(exit).toBe(1);
    expect(found()).toMatchObject({ decidedBy: 'tests' });
    const commands = commandsIn(`${err}\n${out}`);
    const ours = /^::(group::(build|boot|baseline|benchmarks)|endgroup::)$/;
    expect(commands.filter((line) => !ours.test(line))).toEqual([
      expect.stringMatching(
        /^::error file=src\/kernel\.c,line=44,title=small%3A @team \|.*::expected 1 == 2$/,
      ),
      expect.stringMatching(/^::warning title=this run is no baseline::files differ .*: src\/mode\.h$/),
    ]);
    expect(err).toMatch(
      /::group::boot\n::stop-commands::(\S{36})\n[\s\S]*?\n::\1::\n::endgroup::\n::stop-commands::/,
    );
    expect(`${out}${err}`).not.toMatch(/##\[|##vso\[/);
    expect(`${out}${err}`).not.toContain('\x1b');
    const summary = readFileSync(env.GITHUB_STEP_SUMMARY, 'utf8');
    const outside = summary
      .replace(/```text\n[\s\S]*?\n```/g, '')
      .replace(/(`+)(?!`)[^\n]*?[^`]\1(?!`)/g, '');
    expect(outside).not.toMatch(/@team|<\/table>|!\[a\]|http:/);
    expect(outside.match(/<\/?details>/g)).toEqual(['<details>', '</details>']);
    for (const row of summary.split('\n').filter((line) => line.startsWith('| `small: ')))
      expect(row.match(/(?<!\\)\|/g)).toHaveLength(4);
  });

  it('when the guest crashes, says where, gates nothing, and hands GitLab its reports', async () => {
    rig.mode({ PANIC: '1' });
    const { exit, err } = await rig.synos(['ci'], { env: gitlab });
    expect(exit).toBe(1);
    expect(found()).toMatchObject({ decidedBy: 'boot', system: 'gitlab' });
    expect(verdicts(found())).toMatchObject({
      boot: 'failed',
      baseline: 'skipped',
      gate: 'skipped',
      store: 'warned',
    });
    expect(err.replaceAll('\x1b[0K', '<K>')).toMatch(
      /<K>section_start:\d+:synos_boot\r<K>boot\n[\s\S]*section_end:\d+:synos_boot/,
    );
    const [place] = JSON.parse(file('gl-code-quality.json')) as {
      location: { path: string; lines: { begin: number } };
    }[];
    expect(place?.location).toMatchObject({ path: 'src/kernel.c' });
    expect(place?.location.lines.begin).toBeGreaterThan(30);
    expect(file('synos.env')).toContain('SYNOS_STEP=boot\n');
  });

  it('when it does not compile, points at the line, and skips what stands on it', async () => {
    rig.mode({ EXTRA: 'x' });
    const { exit, err } = await rig.synos(['ci'], { env: github() });
    expect(exit).toBe(1);
    expect(verdicts(found())).toMatchObject({ build: 'failed', boot: 'skipped', gate: 'skipped' });
    expect(commandsIn(err)).toContainEqual(
      expect.stringMatching(/^::error file=src\/(mode\.h|kernel\.c),line=\d+,/),
    );
    expect(file('junit.xml')).toMatch(/name="build"[^>]*>\s*<failure/);
  });

  it('when it is interrupted, ends the guest, writes what there is, and exits 130', async () => {
    rig.mode({ HANG: '1' });
    const { exit } = await rig.synos(['ci'], {
      env: plain,
      started: (pid) => {
        const look = setInterval(() => {
          if (
            !existsSync(join(rig.folder, 'out/ci/events.jsonl')) ||
            !file('events.jsonl').includes('boot.started')
          )
            return;
          clearInterval(look);
          setTimeout(() => process.kill(pid, 'SIGINT'), 200);
        }, 50);
      },
    });
    expect(exit).toBe(130);
    expect(found()).toMatchObject({ exit: 130, decidedBy: 'boot' });
    expect(file('junit.xml')).toContain('testsuite name="ci"');
    expect(qemuLeft()).toEqual([]);
    rig.mode();
  });

  it('refuses a folder of somebody else, one that cannot be made, a branch that is not there, and half a history', async () => {
    const foreign = await rig.synos(['ci', '--out', '.'], { env: plain });
    expect([foreign.exit, foreign.err]).toEqual([2, expect.stringContaining('`synos ci` has not made it')]);
    const nowhere = await rig.synos(['ci', '--out', '.gitignore/x'], { env: plain });
    expect([nowhere.exit, nowhere.err]).toEqual([4, expect.stringContaining('cannot be written (ENOTDIR)')]);
    const wrong = await rig.synos(['ci', '--set', 'ci.machines=[smal]'], { env: github() });
    expect([wrong.exit, wrong.err]).toEqual([2, expect.stringContaining('there is no machine smal')]);
    const none = await rig.synos(['ci', '--against', 'trunc'], { env: plain });
    expect([none.exit, none.err]).toEqual([2, expect.stringContaining('did you mean trunk?')]);
    expect(verdicts(found())).toMatchObject({
      boot: 'passed',
      baseline: 'failed',
      gate: 'skipped',
      store: 'passed',
    });
    spawnSync('git', ['clone', '--quiet', '--depth', '1', `file://${rig.folder}`, 'out/shallow'], {
      cwd: rig.folder,
    });
    const shallow = await rig.synos(['ci', '-C', 'out/shallow'], { env: github() });
    expect([shallow.exit, shallow.err]).toEqual([2, expect.stringContaining('fetch-depth: 0')]);
  });
});
