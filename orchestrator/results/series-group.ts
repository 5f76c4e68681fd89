// Which stored boots are one series: what a figure depends on beside the kernel's own source.
import type { HostFacts, StoredBoot, StoredRun } from './run.ts';

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
