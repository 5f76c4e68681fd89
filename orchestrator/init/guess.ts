// From what lies in a repository to what its configuration should say, with the reason for each guess and what is left to fill in.
import { imageKind, type Protocol, type Sign, signs } from './boots-by.ts';
import { byCargo, byCmake, byFiles, byMeson, byScript, bySources } from './builds.ts';
import type { Because, Candidate, Outputs } from './candidate.ts';
import { byMake } from './make.ts';
import { readMakefile } from './makefile.ts';
import { type QemuLine, qemuLines, readQemuLine } from './qemu-line.ts';
import type { Survey } from './survey.ts';

export type Machine = {
  readonly name: string;
  readonly settings: { readonly [setting: string]: string | number };
};

export type Guess = {
  readonly build: Candidate;
  readonly machines: readonly Machine[];
  readonly because: readonly Because[];
  readonly open: readonly string[];
  /** The kernel prints what SynOS judges by itself; undefined: rules must say what passes. */
  readonly prints: 'records' | 'ktap' | undefined;
};

const mostKernel = 1 << 20;

export function guess(survey: Survey): Guess {
  const { protocols, facts } = signs(survey);
  const boots = new Set<string>(protocols.map(({ what }) => what));
  const found =
    byMake(survey, boots) ??
    byCmake(survey) ??
    byMeson(survey) ??
    byCargo(survey) ??
    byScript(survey, boots) ??
    byFiles(survey) ??
    bySources(survey);
  const build = started(found ?? nothing, boots);
  const line = projectQemu(survey);
  const shape = { survey, protocols, line };
  const { machines, because, open } = machinesOf(build, shape);
  const prints = facts.has('records') ? 'records' : facts.has('ktap') ? 'ktap' : undefined;
  return {
    build,
    machines,
    prints,
    because: [...build.because, ...because],
    open: [...build.open, ...open, ...saying(facts, prints)],
  };
}

const nothing: Candidate = {
  name: 'no build that is known',
  dir: '.',
  command: ['make'],
  outputs: { kernel: 'build/kernel.elf' },
  tools: [],
  network: false,
  because: [],
  open: ['how the kernel is built: kernel.command', 'which files come out of it: kernel.outputs'],
};

/** What QEMU cannot start by itself gives its symbols at most; a build of which nothing is known to come out gets a usual name. */
function started(build: Candidate, boots: ReadonlySet<string>): Candidate {
  const { kernel, iso, disk, symbols } = build.outputs;
  const onlyByLoader =
    !boots.has('pvh') && !boots.has('multiboot') && (boots.has('multiboot2') || boots.has('limine'));
  if (onlyByLoader && kernel !== undefined && (iso ?? disk) !== undefined && symbols === undefined) {
    const { kernel: _, ...others } = build.outputs;
    const because = build.because.map((one) =>
      one.path === 'kernel.outputs.kernel' ? { ...one, path: 'kernel.outputs.symbols' } : one,
    );
    return { ...build, outputs: { ...others, symbols: kernel }, because };
  }
  if (build.sources || [kernel, iso, disk, build.outputs.firmware].some((path) => path !== undefined))
    return build;
  return {
    ...build,
    outputs: { ...build.outputs, kernel: 'build/kernel.elf' },
    open: [...build.open, 'which file the build makes: kernel.outputs'],
  };
}

type Shape = {
  survey: Survey;
  protocols: readonly Sign<Protocol>[];
  line: { read: QemuLine; where: string } | undefined;
};
type Machines = { machines: Machine[]; because: Because[]; open: string[] };

function machinesOf({ outputs, sources }: Candidate, { survey, protocols, line }: Shape): Machines {
  const common = line === undefined ? {} : hardware(line.read);
  const media = byFirmware(outputs, line);
  const way =
    outputs.kernel !== undefined || sources !== undefined ? wayOf(survey, outputs, protocols) : undefined;
  const own = way ? [directly(way, line)] : [];
  // What is quickest comes first, unless the kernel needs a loader.
  const all = way?.direct ? [...own, ...media] : [...media, ...own];
  const said = Object.entries(common).map(([name, value]) => `${name} ${value}`);
  const because = all.map(({ name, why }) => ({ path: `machines.${name}`, why }));
  if (said.length > 0)
    because.push({ path: 'machines', why: `${line?.where} starts QEMU with ${said.join(', ')}` });
  return {
    machines: all.map(({ name, settings }) => ({ name, settings: { ...settings, ...common } })),
    because,
    open: way?.open ?? [],
  };
}

type Described = Machine & { readonly why: string };

function directly({ bios, why }: Way, line: Shape['line']): Described {
  const { commandLine } = line?.read ?? {};
  const settings = {
    boot: 'kernel',
    ...(bios ? { firmware: 'bios' } : {}),
    ...(commandLine ? { commandLine } : {}),
  };
  return { name: 'direct', settings, why };
}

function byFirmware({ iso, disk, firmware }: Outputs, line: Shape['line']): Described[] {
  const by = line?.read.uefi ? 'uefi' : 'bios';
  const uefi = line?.read.uefi ? `, and ${line.where} starts it with UEFI` : '';
  const found: Described[] = [];
  if (iso !== undefined)
    found.push({ name: 'iso', settings: { boot: 'iso', firmware: by }, why: `${iso} is an image${uefi}` });
  if (disk !== undefined)
    found.push({ name: 'disk', settings: { boot: 'disk', firmware: by }, why: `${disk} is a disk${uefi}` });
  if (firmware !== undefined)
    found.push({ name: 'firmware', settings: { boot: 'firmware' }, why: `${firmware} is a firmware image` });
  return found;
}

type Way = { why: string; bios: boolean; direct: boolean; open: string[] };

/** How QEMU starts the kernel by itself, if it can. */
function wayOf(survey: Survey, { kernel }: Outputs, protocols: readonly Sign<Protocol>[]): Way {
  const sign = (what: Protocol): string | undefined => protocols.find((one) => one.what === what)?.where;
  const kind =
    kernel !== undefined && survey.has(kernel) ? imageKind(survey.head(kernel, mostKernel)) : undefined;
  if (kind === 'linux') return { why: `${kernel} is a Linux kernel`, bios: false, direct: true, open: [] };
  const pvh = sign('pvh');
  if (pvh !== undefined) return { why: `${pvh} has a PVH entry`, bios: false, direct: true, open: [] };
  const multiboot = sign('multiboot');
  if (multiboot !== undefined) {
    const open =
      kind === 'elf64'
        ? [
            `${kernel} is a 64-bit ELF file: QEMU starts multiboot kernels of 32 bits only (objcopy -O elf32-i386 makes one), or by an ISO`,
          ]
        : [];
    return { why: `${multiboot} has a multiboot header`, bios: true, direct: true, open };
  }
  const other = protocols[0];
  const open = [
    'how QEMU starts the kernel: no PVH note, multiboot header or Linux image was seen, so it may need an ISO or a disk',
  ];
  return {
    why: other ? `the only way seen is ${other.what} (${other.where})` : 'nothing says how it is started',
    bios: false,
    direct: false,
    open,
  };
}

function hardware(line: QemuLine): { [setting: string]: string | number } {
  return Object.fromEntries(
    Object.entries({ machine: line.board, cpus: line.cpus, memoryMib: line.memoryMib, cpu: line.cpu }).filter(
      ([, value]) => value !== undefined,
    ),
  ) as { [setting: string]: string | number };
}

/** The first line that starts QEMU, in a Makefile, a script, or cargo's runner. */
function projectQemu(survey: Survey): Shape['line'] {
  const makefile = survey.find(/(?:^|\/)(?:GNUmakefile|[Mm]akefile)$/)[0];
  if (makefile !== undefined) {
    const recipes = readMakefile(survey, makefile).rules.flatMap(({ recipe }) => recipe);
    const [words] = qemuLines(recipes.join('\n'));
    if (words) return { read: readQemuLine(words), where: makefile };
  }
  for (const where of survey.find(
    /\.(?:sh|bash|mk|just|cmake|toml)$|(?:^|\/)(?:run|qemu|justfile|Justfile|meson\.build|CMakeLists\.txt)$/,
  )) {
    const [words] = qemuLines(survey.text(where));
    if (words) return { read: readQemuLine(words), where };
  }
  return undefined;
}

function saying(facts: ReadonlyMap<string, string>, prints: Guess['prints']): string[] {
  const open: string[] = [];
  if (!facts.has('serial'))
    open.push('what is judged is the serial port (0x3f8), and no file writes to it as far as was seen');
  if (prints === undefined) open.push('which line says that all went well: rules.pass, below');
  return open;
}
