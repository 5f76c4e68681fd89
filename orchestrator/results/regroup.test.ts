// Series are apart where anything but the kernel's source differs, and an older store is brought there without losing its past.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { comparisonGroup, type StoredBoot, type StoredRun, seriesGroup } from './run.ts';
import { type SampleOptions, sampleRun } from './sample-run.ts';
import { openStore } from './store.ts';

const base = sampleRun({ machines: ['direct'], exact: true });
const boot = base.boots[0] as StoredBoot;
const argv = [
  '/usr/bin/qemu',
  ...'-machine q35 -cpu max -smp 1 -m 512M -bios /usr/share/qemu/qboot.rom'.split(' '),
];
const qemu = (...more: string[]): StoredBoot['qemu'] => ({ ...boot.qemu, argv: [...argv, ...more] });
const said = (cmdline: string): StoredBoot['hello'] => boot.hello && { ...boot.hello, cmdline };
const tools = (version: string): StoredRun['tools'] => [
  { name: 'gcc', version },
  { name: 'ld.bfd', version: `of ${version}` },
];
const groupOf = (other: Partial<StoredBoot>, run: Partial<StoredRun> = {}): string =>
  seriesGroup({ ...boot, qemu: qemu(), ...other }, { ...base, ...run });

describe('boots are one series', () => {
  test.each<[string, string]>([
    ['with another kernel', groupOf({ qemu: qemu('-kernel', '/b/78/0e9') })],
    [
      'by another QEMU, with a monitor',
      groupOf({ qemu: { ...qemu('-S', '-D', 'x'), argv: ['/opt/qemu', ...argv.slice(1), '-S'] } }),
    ],
    [
      'with firmware elsewhere',
      groupOf({ qemu: { ...qemu(), argv: argv.map((word) => word.replace('/usr/share/qemu', '/opt')) } }),
    ],
    ['linked by another linker', groupOf({}, { tools: base.tools.filter(({ name }) => name === 'gcc') })],
    ['with other blanks between the words', groupOf({ hello: said(' bench=all ') })],
  ])('%s', (_, group) => expect(group).toBe(groupOf({})));
});

describe('boots are no series', () => {
  test.each<[string, string]>([
    ['with more words of the command line', groupOf({ hello: said('bench=all test=none') })],
    ['where QEMU hands over other words', groupOf({ hello: null, qemu: qemu('-append', 'x') })],
    ['from another compiler', groupOf({}, { tools: tools('gcc 13.1') })],
    [
      'with more memory',
      groupOf({ qemu: { ...qemu(), argv: argv.map((word) => word.replace('512M', '1024M')) } }),
    ],
    ['with another device', groupOf({ qemu: qemu('-device', '{"driver":"VGA"}') })],
    ['exact or not', groupOf({ exact: false })],
    ['by another accelerator', groupOf({ accelerator: 'kvm' })],
    ['on another host', groupOf({}, { host: { ...base.host, cores: 64 } })],
  ])('%s', (_, group) => expect(group).not.toBe(groupOf({})));
});

describe('a store of an older SynOS', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'synos-regroup-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** As the version before wrote it. */
  function makeOld(path: string, runs: readonly StoredRun[]): void {
    const database = new DatabaseSync(path);
    database.exec('DROP TRIGGER boots_no_update');
    for (const run of runs)
      for (const [position, one] of run.boots.entries())
        database
          .prepare(
            'UPDATE boots SET comparison_group = ? WHERE position = ? AND run = (SELECT ordinal FROM runs WHERE id = ?)',
          )
          .run(comparisonGroup(one, run.host), position, run.id);
    database.exec(`CREATE TRIGGER boots_no_update BEFORE UPDATE ON boots
      BEGIN SELECT RAISE(ABORT, 'stored runs are append-only'); END; PRAGMA user_version = 2`);
    database.close();
  }

  test('is regrouped: nothing of its past is lost, and what was one series by mistake is two', async () => {
    const path = join(folder, 'runs.sqlite');
    const at = (minute: number, more: SampleOptions = {}): StoredRun =>
      sampleRun({
        at: new Date(Date.UTC(2026, 10, 23, 14, minute)),
        exact: true,
        machines: ['direct'],
        ...more,
      });
    const few: SampleOptions = { boot: { hello: said('test=none') } };
    const runs = [at(0), at(1, few), at(2)];
    const made = await openStore(path);
    for (const run of runs) made.addRun(run);
    made.close();
    makeOld(path, runs);

    const store = await openStore(path);
    for (const run of runs) expect(store.run(run.id)).toEqual(run);
    expect(store.groups().map((group) => [group.commandLine, group.runs])).toEqual([
      ['bench=all', 2],
      ['test=none', 1],
    ]);
    const now = at(3);
    expect(store.earlierBoots(now)[0]?.run.id).toBe(runs[2]?.id);
    expect(store.earlierBoots(at(4, few))[0]?.run.id).toBe(runs[1]?.id);
    store.addRun(now);
    store.close();
    // And it is append-only as before.
    const database = new DatabaseSync(path);
    expect(() => database.exec("UPDATE boots SET comparison_group = ''")).toThrow('append-only');
    expect(() => database.exec('DELETE FROM boots')).toThrow('append-only');
    database.close();
  });

  test('with a run that is damaged is regrouped all the same', async () => {
    const path = join(folder, 'runs.sqlite');
    const run = sampleRun({ machines: ['direct'] });
    const made = await openStore(path);
    made.addRun(run);
    made.close();
    makeOld(path, [run]);
    const database = new DatabaseSync(path);
    database.exec("DROP TRIGGER runs_no_update; UPDATE runs SET document = '{'");
    database.close();
    const store = await openStore(path);
    expect(store.groups()).toMatchObject([{ machine: 'direct', accelerator: 'tcg', exact: false, runs: 1 }]);
    store.close();
  });
});
