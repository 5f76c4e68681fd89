// What the QEMU of this machine is and has: asked by `synos doctor`, and after a QEMU that would not start, to say what it lacks. An ordinary
// boot does not ask: its QEMU either runs, or says no in its own words first.
import { run } from '../core/exec.ts';
import { SynosError } from '../core/failure.ts';
import { nearest } from '../core/near.ts';
import { visibleUpTo } from '../core/text.ts';
import type { MachineOptions } from './options.ts';

export type QemuHas = {
  /** As it says it: "7.2.22 (Debian 1:7.2+dfsg-7)"; '' when it said nothing. */
  readonly version: string;
  readonly boards: ReadonlySet<string>;
  readonly cpus: ReadonlySet<string>;
  readonly features: ReadonlySet<string>;
  readonly devices: ReadonlySet<string>;
};

/** 6.2 is the first that takes `-device` as JSON, without which a path could become an option. */
export const leastVersion = '6.2';

/** Where versions differ in what SynOS's machines meet; `from` and `to` are inclusive, absent: open. */
const differences: readonly { readonly from?: string; readonly to?: string; readonly says: string }[] = [
  {
    from: '7.2',
    to: '7.2',
    says: 'a network card e1000 that is given as JSON stops every guest under qboot (it is given in words), SeaBIOS of microvm reads no disk (refused)',
  },
  { from: '7.3', says: 'not tried by SynOS, whose tests run under 7.2' },
  { to: '7.1', says: 'not tried by SynOS, whose tests run under 7.2' },
];

export function differencesOf(version: string): string[] {
  return differences
    .filter(({ from, to }) => (!from || compare(version, from) >= 0) && (!to || compare(version, to) <= 0))
    .map(({ says }) => says);
}

/** By major and minor number alone. */
function compare(a: string, b: string): number {
  const [[a1 = 0, a2 = 0], [b1 = 0, b2 = 0]] = [a, b].map((text) =>
    (text.match(/\d+/g) ?? []).map(Number),
  ) as [number[], number[]];
  return a1 - b1 || a2 - b2;
}

export function isTooOld(version: string): boolean {
  return /^\d+\.\d+/.test(version) && compare(version, leastVersion) < 0;
}

/** Never throws; what it would not say is empty. */
export async function askQemu(path: string): Promise<QemuHas> {
  const [version, boards, cpus, devices] = await Promise.all(
    [['--version'], ['-machine', 'help'], ['-cpu', 'help'], ['-device', 'help']].map((words) =>
      says(path, words),
    ),
  );
  const [models = '', flags = ''] = (cpus ?? '').split('Recognized CPUID flags:');
  return {
    version: visibleUpTo(/QEMU emulator version (.*)/.exec(version ?? '')?.[1] ?? '', 100),
    boards: new Set(lines(boards).flatMap((line) => /^([a-z0-9.-]+) /.exec(line)?.[1] ?? [])),
    // Newer ones leave the word x86 out.
    cpus: new Set(lines(models).flatMap((line) => /^(?:x86| ) +(\S+)/.exec(line)?.[1] ?? [])),
    features: new Set(flags.split(/\s+/).filter((word) => word !== '')),
    devices: new Set(
      lines(devices).flatMap((line) =>
        [...line.matchAll(/(?:name|alias) "([^"]+)"/g)].map(([, name]) => name ?? ''),
      ),
    ),
  };
}

async function says(path: string, words: readonly string[]): Promise<string> {
  try {
    const { stdout, exit } = await run({ argv: [path, ...words], limitMs: 5000 });
    return exit === 0 ? stdout : '';
  } catch {
    return '';
  }
}

const lines = (text: string | undefined): string[] => (text ?? '').split('\n');

/**
 * After a QEMU that would not start: throws SynosError qemu.old or qemu.lacks where that is why. Says nothing where it cannot tell.
 */
export async function tellLack(argv: readonly string[], options: MachineOptions): Promise<void> {
  const has = await askQemu(argv[0] ?? '');
  const { version } = has;
  if (isTooOld(version)) throw new SynosError({ code: 'qemu.old', version, least: leastVersion });
  if (argv.includes('-plugin')) await tellPlugins(argv[0] ?? '', version);
  const lack = lacks(argv, options, has).find(({ known, name }) => known.size > 0 && !known.has(name));
  if (!lack) return;
  const { what, name, known } = lack;
  throw new SynosError({ code: 'qemu.lacks', what, name, version, near: nearCase(name, known) });
}

/** From 9.0 on QEMU loads no plugin of interface 1; before that, it may have been built without any. */
async function tellPlugins(path: string, version: string): Promise<void> {
  const near: string[] = [];
  if (compare(version, '9.0') >= 0)
    throw new SynosError({ code: 'qemu.lacks', what: 'plugin interface', name: '1', version, near });
  const help = await says(path, ['-help']);
  if (help !== '' && !/^-plugin /m.test(help))
    throw new SynosError({ code: 'qemu.lacks', what: 'plugins', name: '(-plugin)', version, near });
}

type Lack = { readonly what: string; readonly name: string; readonly known: ReadonlySet<string> };

function lacks(argv: readonly string[], options: MachineOptions, has: QemuHas): Lack[] {
  const drivers = argv.flatMap((word, i) => (argv[i - 1] === '-device' ? driverOf(word) : []));
  return [
    { what: 'board', name: options.machine, known: has.boards },
    { what: 'CPU model', name: options.cpu, known: has.cpus },
    ...options.cpuFeatures.map((word) => ({ what: 'CPU feature', name: word.slice(1), known: has.features })),
    ...drivers.map((name) => ({ what: 'device', name, known: has.devices })),
  ];
}

function driverOf(word: string): string[] {
  if (!word.startsWith('{')) return [word.split(',')[0] ?? ''];
  const { driver } = JSON.parse(word) as { driver?: unknown };
  return typeof driver === 'string' ? [driver] : [];
}

// People write haswell for Haswell.
function nearCase(name: string, known: ReadonlySet<string>): string[] {
  const same = [...known].filter((one) => one.toLowerCase() === name.toLowerCase());
  return same.length > 0 ? same : nearest(name, known);
}
