// Makes runs for tests that look as the real kernel's do: pools and heaps over sizes and workloads, exact or timed, from a seed.
import type { Digest } from '../../core/digest.ts';
import type { BenchRecord, Quantity, Unit } from '../../core/record.ts';
import { makeRun, type RunFacts, type StoredBoot, type StoredRun } from './run.ts';
import { seededRandom } from './stats.ts';

export const sampleSizes = [64, 128, 256, 512, 1024, 2048, 4096, 8192] as const;
const workloads = ['pair', 'lifo', 'fifo', 'churn', 'tensor'] as const;
// Instructions an operation, near what such allocators take.
const costs: { readonly [allocator: string]: number } = {
  pool: 48,
  heap: 171,
  firstfit: 133,
  'firstfit-holes': 60_144,
  kmalloc: 56,
};

export type SampleOptions = {
  readonly exact?: boolean;
  readonly seed?: number;
  readonly machines?: readonly string[];
  readonly at?: Date;
  /** Factor on all of the pool's figures. */
  readonly poolFactor?: number;
  readonly boot?: Partial<StoredBoot>;
  readonly run?: Partial<RunFacts>;
};

export function sampleRun(options: SampleOptions = {}): StoredRun {
  const machines = options.machines ?? ['direct', 'iso'];
  return makeRun({
    startedAt: options.at ?? new Date('2026-11-23T14:25:03.123Z'),
    durationMs: 5123,
    command: ['synos', 'boot', ...(options.exact ? ['--exact'] : [])],
    synos: '0.1.0',
    git: { commit: '0218c76d3f0c2f54b9a8f1d0b7a1c2d3e4f50617', branch: 'main', dirty: false },
    host: {
      cpuModel: 'AMD EPYC 7763 64-Core Processor',
      cores: 2,
      memoryMib: 24_105,
      kernel: 'Linux 6.1.0-28-amd64',
      architecture: 'x64',
      container: 'docker',
    },
    artefacts: [
      { name: 'synos.elf', digest: 'a1'.repeat(32) as Digest, bytes: 412_336 },
      { name: 'synos.iso', digest: 'b2'.repeat(32) as Digest, bytes: 268_435_456 },
    ],
    tools: [
      { name: 'gcc', version: 'gcc (Debian 12.2.0-14+deb12u1) 12.2.0' },
      { name: 'ld.bfd', version: 'GNU ld (GNU Binutils for Debian) 2.40' },
    ],
    results: [],
    boots: machines.map((machine) => sampleBoot(machine, options)),
    exit: 0,
    ...options.run,
  });
}

export function sampleBoot(machine: string, options: SampleOptions = {}): StoredBoot {
  const exact = options.exact ?? false;
  const firstRecordMs = machine === 'direct' ? 312 : 1304;
  return {
    machine,
    end: 'passed',
    reason: 'exit code 33 after the end record; 42 of 42 tests passed',
    evidence: [
      'QEMU exited 33 (guest code 0x10)',
      'QMP: SHUTDOWN guest-shutdown',
      'end record: 214 frames, CRC agrees',
    ],
    hello: {
      schema: 1,
      kernel: 'synos',
      build: 'c0ffee'.repeat(6),
      cpus: 1,
      tscKhz: 2_445_432,
      cmdline: 'bench=all',
    },
    records: sampleRecords(exact, options.seed ?? 1, options.poolFactor ?? 1),
    missing: [],
    refused: [],
    tests: { passed: 42, failed: 0, skipped: 0, failures: [] },
    tail: [
      'ok 11 mm.pool',
      '\\x1e@213 59 {"kind":"end","records":213,"crc":"5be0cd19"} 1f83d9ab',
      'power off',
    ],
    accelerator: 'tcg',
    exact,
    qemu: {
      version: 'QEMU emulator version 7.2.19 (Debian 1:7.2+dfsg-7+deb12u18)',
      argv: [
        'qemu-system-x86_64',
        '-accel',
        'tcg',
        '-M',
        'q35',
        '-m',
        '512',
        '-kernel',
        'out/synos.elf',
        '-append',
        'a -b',
      ],
      exit: 33,
      signal: null,
    },
    timing: { firstByteMs: firstRecordMs - 20, firstRecordMs, totalMs: firstRecordMs + 1400 },
    serialBytes: 61_234,
    log: `out/logs/${machine}.log`,
    ...options.boot,
  };
}

function sampleRecords(exact: boolean, seed: number, poolFactor: number): BenchRecord[] {
  const random = seededRandom(seed);
  const cases = workloads.flatMap((name, work) =>
    sampleSizes.flatMap((bytes) =>
      Object.entries(costs).map(([allocator, cost]) => ({
        name,
        bytes,
        allocator,
        cost: cost * (1 + work / 3) * (allocator === 'pool' ? poolFactor : 1),
      })),
    ),
  );
  const measured = cases.map((one, index) => {
    const centre = Math.round(exact ? one.cost : one.cost * 1.9 * (1 + random() * 0.2));
    const samples = Array.from(
      { length: 16 },
      () => centre + (exact ? 0 : Math.round(centre * 0.3 * random() ** 3)),
    );
    return latency(index + 1, exact ? 'instructions' : 'cycles', samples, one);
  });
  const reuse = sampleSizes.map((bytes, index) =>
    figure(measured.length + 1 + index, 'reuse', 'percent', 96 + (bytes % 3), { bytes: String(bytes) }),
  );
  // A counter beyond what a double can hold.
  const most = figure(
    measured.length + reuse.length + 1,
    'ticks',
    'objects',
    18_446_744_073_709_551_615n,
    {},
  );
  return [...measured, ...reuse, most];
}

function latency(
  sequence: number,
  unit: Unit,
  samples: readonly number[],
  of: { readonly name: string; readonly allocator: string; readonly bytes: number },
): BenchRecord {
  const sorted = [...samples].sort((a, b) => a - b);
  return {
    schema: 1,
    sequence,
    kind: 'bench',
    suite: 'alloc',
    name: of.name,
    metric: 'latency',
    unit,
    value: sorted[sorted.length >> 1] ?? 0,
    samples,
    iterations: 1000,
    labels: { allocator: of.allocator, bytes: String(of.bytes) },
  };
}

function figure(
  sequence: number,
  name: string,
  unit: Unit,
  value: Quantity,
  labels: { readonly [key: string]: string },
): BenchRecord {
  return {
    schema: 1,
    sequence,
    kind: 'stat',
    suite: 'pool',
    name,
    metric: 'total',
    unit,
    value,
    samples: [],
    iterations: 1,
    labels,
  };
}
