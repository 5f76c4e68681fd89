// One stored run: everything that a `synos boot` did, measured and rested on, as one plain document.
// `synos boot --json` prints it, the store keeps it, table and page are made from it. schema/run.schema.json describes it.
import type { Digest } from '../../core/digest.ts';
import type { BootEnd, BootOutcome } from '../../core/outcome.ts';
import { type BenchRecord, type Quantity, seriesKey } from '../../core/record.ts';
import type { TaskResult } from '../../core/task.ts';
import type { Rules } from './judge.ts';

/** `20261123-142503.123-7f3a`: UTC time to the millisecond, so that ids sort as the runs began, and 16 random bits. */
export type RunId = string & { readonly __brand: 'run' };

/** The commit of the user's tree. `dirty`: tracked files differ from it, or there are untracked ones. */
export type GitFacts = { readonly commit: string; readonly branch: string | null; readonly dirty: boolean };

/** The machine that SynOS ran on. Times mean something only beside it. */
export type HostFacts = {
  readonly cpuModel: string;
  /** Logical processors that this process may use. */
  readonly cores: number;
  readonly memoryMib: number;
  readonly kernel: string;
  readonly architecture: string;
  /** The container or hypervisor that could be seen, e.g. 'docker' or 'vm:kvm'; null on bare metal. */
  readonly container: string | null;
};

type Artefact = { readonly name: string; readonly digest: Digest; readonly bytes: number };
type ToolVersion = { readonly name: string; readonly version: string };
type StoredTask = {
  readonly id: string;
  readonly status: TaskResult['status'];
  readonly durationMs: number;
};

/** One boot and where its whole serial log and the picture of its display lie (relative to the project folder). */
export type StoredBoot = BootOutcome & {
  readonly log: string | null;
  /** Equal for boots of the same medium, machine description, command line and QEMU. Runs of older versions have none. */
  readonly fingerprint?: Digest;
  /** Absent where the machine has no display, or QEMU was gone. A later run's picture has another digest. */
  readonly screen?: { readonly path: string; readonly digest: Digest };
  /** A Coverage as JSON, of `synos coverage`. */
  readonly coverage?: { readonly path: string; readonly digest: Digest };
  /** Where its instructions went, a `synos.profile/1`; there where it was asked for. */
  readonly profile?: { readonly path: string; readonly digest: Digest };
};

/** How the whole run ended: its worst boot, in the words of that boot. `end` is null where nothing was booted. */
export type RunVerdict = {
  readonly passed: boolean;
  readonly end: BootEnd | null;
  readonly reason: string;
  /** Exit code of the command. */
  readonly exit: number;
};

/** Accelerator of boots that none ran: no series of ours has it, so that those of other tools never mix with ours. */
export const notOurs = 'imported';

type Imported = {
  readonly format: string;
  /** As it was named; `-` for standard input. */
  readonly file: string;
  readonly digest: Digest;
  readonly bytes: number;
  /** ISO 8601, UTC. */
  readonly at: string;
};

export type StoredRun = {
  readonly schema: 'synos.run/1';
  readonly id: RunId;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  /** What the user typed, e.g. ['synos', 'boot', '--exact']. */
  readonly command: readonly string[];
  readonly synos: string;
  readonly git: GitFacts | null;
  readonly host: HostFacts;
  readonly artefacts: readonly Artefact[];
  readonly tools: readonly ToolVersion[];
  readonly tasks: readonly StoredTask[];
  readonly verdict: RunVerdict;
  /** The matrix whose cells are the boots, and the cells that no machine can be. */
  readonly matrix?: {
    readonly name: string;
    readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  };
  readonly boots: readonly StoredBoot[];
  /** Of `synos import`: the file that it was. Runs of SynOS itself keep all else; of other tools there is no more than figures and tests. */
  readonly imported?: Imported;
  /** Of `synos bench --against`: an older revision, booted again beside a newer one; it stands in no history. */
  readonly reference?: true;
  /** Runs that it was compared with at once, and by which rules: the verdicts follow from these. */
  readonly against?: { readonly runs: readonly RunId[]; readonly rules: Rules };
  /** The other side has the same `of`: their boots took turns, the nth of a machine here with the nth there, at most so many a side. */
  readonly turns?: TurnsTaken;
};

export type TurnsTaken = { readonly of: string; readonly limit: number };

/** What the command line knows when all is over. Id, task rows and verdict follow from it. */
export type RunFacts = Omit<
  StoredRun,
  'schema' | 'id' | 'startedAt' | 'tasks' | 'verdict' | 'imported' | 'against'
> & {
  readonly startedAt: Date;
  readonly results: Iterable<TaskResult>;
  readonly exit: number;
};

export function makeRun(facts: RunFacts): StoredRun {
  const { startedAt, results, exit, ...rest } = facts;
  return {
    schema: 'synos.run/1',
    id: makeRunId(startedAt),
    startedAt: startedAt.toISOString(),
    // A clock that was set back in the meantime makes no run of less than nothing.
    durationMs: Math.max(0, Math.round(rest.durationMs)),
    command: rest.command,
    synos: rest.synos,
    git: rest.git,
    host: rest.host,
    artefacts: rest.artefacts,
    tools: rest.tools,
    tasks: [...results].map((result) => ({
      id: result.task,
      status: result.status,
      durationMs: Math.max(0, Math.round(result.durationMs)),
    })),
    verdict: verdictOf(rest.boots, exit),
    ...(rest.matrix ? { matrix: rest.matrix } : {}),
    boots: rest.boots,
    ...(rest.reference ? { reference: true } : {}),
    ...(rest.turns ? { turns: rest.turns } : {}),
  };
}

export function makeRunId(at: Date, random = Math.floor(Math.random() * 65_536)): RunId {
  const [day = '', time = ''] = at.toISOString().split('T');
  return `${day.replaceAll('-', '')}-${time.replaceAll(':', '').replace('Z', '')}-${random.toString(16).padStart(4, '0')}` as RunId;
}

/** Checks text from outside; anything that makeRunId could not have made is undefined. */
export function asRunId(text: string): RunId | undefined {
  return /^\d{8}-\d{6}\.\d{3}-[0-9a-f]{4}$/.test(text) ? (text as RunId) : undefined;
}

// From harmless to fatal: a run is as bad as its worst boot.
const gravity: readonly BootEnd[] = [
  'passed',
  'early',
  'incomplete',
  'failed',
  'budget',
  'flood',
  'stalled',
  'silent',
  'spin',
  'halt',
  'firmware',
  'panic',
  'reset',
  'killed',
  'qemu-error',
];

function verdictOf(boots: readonly StoredBoot[], exit: number): RunVerdict {
  const worst = [...boots].sort((a, b) => gravity.indexOf(b.end) - gravity.indexOf(a.end))[0];
  if (!worst) return { passed: exit === 0, end: null, reason: 'nothing was booted', exit };
  const reason =
    boots.length > 1 && worst.end !== 'passed' ? `${worst.machine}: ${worst.reason}` : worst.reason;
  return { passed: exit === 0 && worst.end === 'passed', end: worst.end, reason, exit };
}

/** Which stored boots are one series: what a figure depends on beside the kernel's own source. */
export type SeriesGroup = {
  readonly machine: string;
  readonly accelerator: string;
  readonly exact: boolean;
  readonly host: string;
  /** Version line of each compiler that built the kernel; empty where the user's own command built it. */
  readonly compiler: string;
  /** Of the kernel, as it said itself, or as QEMU handed it over. */
  readonly commandLine: string;
  /** The board, CPU, memory and devices, as QEMU's arguments. */
  readonly description: string;
};

type Boot = Pick<StoredBoot, 'machine' | 'accelerator' | 'exact' | 'hello' | 'qemu'>;

/** One text for all of it: boots with equal texts stand in one history. */
export function seriesGroup(boot: Boot, run: Pick<StoredRun, 'host' | 'tools'>): string {
  const group: SeriesGroup = {
    ...{ machine: boot.machine, accelerator: boot.accelerator, exact: boot.exact, host: hostKey(run.host) },
    compiler: compilersOf(run.tools),
    commandLine: (boot.hello?.cmdline || argumentOf(boot.qemu.argv, '-append')).trim().replace(/\s+/g, ' '),
    description: descriptionOf(boot.qemu.argv),
  };
  return JSON.stringify(group);
}

/**
 * Two boots whose figures may be set side by side, when somebody asks for it, have equal groups: the same machine of the configuration
 * and accelerator, exact or not, on the same host. Compilers, words of the command line and the machine's description may be what is asked about.
 */
export function comparisonGroup(
  boot: Pick<StoredBoot, 'machine' | 'accelerator' | 'exact'>,
  host: HostFacts,
): string {
  return JSON.stringify([boot.machine, boot.accelerator, boot.exact, hostKey(host)]);
}

export function parseSeriesGroup(text: string): SeriesGroup {
  return JSON.parse(text) as SeriesGroup;
}

// Total memory moves by some pages from boot to boot of one machine; whole GiB do not.
function hostKey(host: HostFacts): string {
  const memoryGib = Math.round(host.memoryMib / 1024);
  return [host.cpuModel, host.cores, memoryGib, host.kernel, host.architecture, host.container ?? ''].join(
    '|',
  );
}

const compiler = /^(?:.+-)?(?:gcc|g\+\+|clang|clang\+\+|cc|c\+\+|rustc|zig|go)(?:-[\d.]+)?$/;

function compilersOf(tools: StoredRun['tools']): string {
  const named = tools.filter(({ name }) => compiler.test(name));
  return named
    .map(({ version }) => version)
    .sort()
    .join('; ');
}

// What makes a machine. Left out is what is the same kernel's or changes nothing for the guest: paths, ports, logs, monitors.
const describing = ['-machine', '-cpu', '-smp', '-m', '-numa', '-object', '-device', '-bios', '-netdev'];

function descriptionOf(argv: readonly string[]): string {
  const kept = argv.flatMap((word, index) =>
    describing.includes(argv[index - 1] ?? '') ? [`${argv[index - 1]} ${withoutPaths(word)}`] : [],
  );
  return kept.sort().join(' ');
}

// Files lie elsewhere in another copy of a project; their names stay.
const withoutPaths = (text: string): string => text.replace(/\/(?:[^/,"=\s]+\/)+/g, '');

function argumentOf(argv: readonly string[], option: string): string {
  const at = argv.indexOf(option);
  return at < 0 ? '' : (argv[at + 1] ?? '');
}

/** A boot's records by series. A key that came twice keeps the first: the decoder refuses a repeated sequence number. */
export function recordsByKey(boot: Pick<BootOutcome, 'records'>): Map<string, BenchRecord> {
  const byKey = new Map<string, BenchRecord>();
  for (const record of boot.records) {
    const key = seriesKey(record);
    if (!byKey.has(key)) byKey.set(key, record);
  }
  return byKey;
}

/**
 * A record as one value of its boot. Of timed costs the least of the samples: whatever else the host does makes a sample longer and never
 * shorter, so that the least has the least of it (Chen and Revels 2016, Robust benchmarking in noisy environments).
 */
export function bootValue({ kind, unit, value, samples }: BenchRecord, exact: boolean): Quantity {
  const isTime = unit === 'cycles' || unit === 'ns';
  if (exact || !isTime || kind === 'series') return value;
  let least = value;
  for (const sample of samples) if (sample < least) least = sample;
  return least;
}
