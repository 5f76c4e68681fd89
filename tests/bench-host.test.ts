// `synos bench host` as a user runs it: the real program, the real libraries, few rounds.
import { realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fits } from './fits.ts';
import { project, type Rig } from './rig.ts';

type Document = {
  rounds: number;
  allocators: { name: string; library: string | null; version: string | null }[];
  results: {
    workload: string;
    alignment: number;
    figures: {
      allocator: string;
      least: number;
      rounds: number[];
      calls: { malloc: number; aligned: number };
    }[];
    fastest: string;
  }[];
  memory: { workload: string; live: number; resident: { allocator: string; bytes: number }[] }[];
};

// Allocates 64 B, 100 KB and 64 B, frees the second and the first, and leaves the third.
const trace = Buffer.from([
  ...Buffer.from('AT1 {"job":"test"}\n'),
  0x80,
  0x01,
  0,
  0xc0,
  0x9a,
  0x0c,
  0,
  0x80,
  0x01,
  0,
  0x05,
  0,
  0x07,
  0,
]);
const namespace = ['unshare', '--mount', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])];

let rig: Rig;
beforeAll(async () => {
  rig = await project({ kernel: true });
});
afterAll(async () => rig[Symbol.asyncDispose]());

describe('synos bench host', () => {
  it('measures every allocator in turns, each through its own library, and prints what its schema says', async () => {
    writeFileSync(join(rig.folder, 'small.at1'), trace);
    const words = [
      'bench',
      'host',
      '--rounds',
      '2',
      '--workload',
      'pair-256',
      'language-model',
      '--trace',
      'small.at1',
    ];
    const json = await rig.synos([...words, '--json', '-q']);
    expect([json.exit, json.err]).toEqual([0, '']);
    await fits('host-bench', json.json());
    const { allocators, results, memory, rounds } = json.json() as Document;
    expect(allocators.map(({ name }) => name)).toEqual([
      'synos',
      'glibc',
      'mimalloc',
      'jemalloc',
      'tcmalloc',
    ]);
    for (const { name, library, version } of allocators.slice(1)) {
      expect(library).toContain(name === 'glibc' ? '/libc.so' : name);
      expect(version).toMatch(/\d\.\d/);
    }
    expect(results.map(({ workload, alignment }) => `${workload} ${alignment}`)).toEqual(
      [64, 16].flatMap((alignment) =>
        ['pair-256', 'language-model', 'small'].map((name) => `${name} ${alignment}`),
      ),
    );
    for (const { figures } of results) {
      expect(figures).toHaveLength(5);
      for (const figure of figures) expect(figure.rounds).toHaveLength(rounds);
    }
    const pair = results[0]?.figures ?? [];
    // glibc alone promises no more than 16 bytes at any size; ours is asked in one way only.
    expect(pair.find(({ allocator }) => allocator === 'glibc')?.calls).toEqual({ malloc: 0, aligned: 1 });
    expect(pair.find(({ allocator }) => allocator === 'synos')?.calls).toEqual({ malloc: 1, aligned: 0 });
    expect(memory.map(({ workload }) => workload)).toEqual(['language-model', 'small']);
    expect(memory[1]?.live).toBe(64 + 100_000 + 64);
    const shares = memory.flatMap(({ resident, live }) => resident.map(({ bytes }) => bytes / live));
    expect(Math.min(...shares)).toBeGreaterThan(0.5);

    const again = await rig.synos(words, { env: { COLUMNS: '60' } });
    expect(again.exit).toBe(0);
    expect(again.err.split('\n').filter((line) => line.startsWith('ran'))).toEqual([
      expect.stringContaining('host:run'),
    ]);
    expect(again.out).toMatch(/^small .*(win|LOSS)/m);
  });

  it('leaves out what needs two processors where there is one', async () => {
    const words = ['bench', 'host', '--rounds', '1', '--workload', 'cross-turns', 'cross-ring', '--json'];
    const { exit, json } = await rig.synos(words, { under: ['taskset', '-c', '0'] });
    expect(exit).toBe(0);
    const { results } = json() as Document;
    expect(results.map(({ workload }) => workload)).toEqual(['cross-turns', 'cross-turns']);
  });

  it('when libraries are missing, names them all with the packages that have them, and exits 4', async () => {
    await using rig = await project({ kernel: true });
    const hide = ['libmimalloc.so.2', 'libtcmalloc_minimal.so.4']
      .map((name) => `mount --bind /dev/null ${realpathSync(`/usr/lib/x86_64-linux-gnu/${name}`)}`)
      .join(' && ');
    const { exit, out, err } = await rig.synos(['bench', 'host', '--rounds', '1'], {
      under: [...namespace, 'sh', '-c', `${hide} && exec "$@"`, 'sh'],
    });
    expect([exit, out]).toEqual([4, '']);
    expect(err).toContain('mimalloc, tcmalloc');
    expect(err).toContain('apt-get install libmimalloc2.0 libtcmalloc-minimal4');
  });

  it('refuses a file that is no trace, or is not there, with exit 2 and a place', async () => {
    await using rig = await project({ kernel: true });
    rig.write('text.at1', 'hello\n');
    writeFileSync(join(rig.folder, 'torn.at1'), trace.subarray(0, -1));
    for (const [file, says] of [
      ['text.at1', 'does not begin with'],
      ['torn.at1', 'a number is cut off'],
      ['none.at1', 'cannot be read'],
    ] as const) {
      const { exit, out, err } = await rig.synos(['bench', 'host', '--rounds', '1', '--trace', file]);
      expect([exit, out]).toEqual([2, '']);
      expect(err).toContain(file);
      expect(err).toContain(says);
    }
  });

  it('when a workload is unknown, suggests the nearest; without a word behind it, bench shows what there is', async () => {
    await using rig = await project();
    const unknown = await rig.synos(['bench', 'host', '--workload', 'chrun']);
    expect(unknown.exit).toBe(2);
    expect(unknown.err).toContain('did you mean churn?');
    const bare = await rig.synos(['bench']);
    expect(bare.exit).toBe(2);
    expect(bare.err).toContain('host');
    expect(rig.has('.synos')).toBe(false);
  });

  it('in a project of another kernel, says what it would need', async () => {
    await using rig = await project();
    rig.write('synos.yaml', 'kernel: { dir: src }\n');
    const { exit, err } = await rig.synos(['bench', 'host']);
    expect(exit).toBe(1);
    expect(err).toContain('src/');
  });
});
