// How the project itself starts QEMU: the surest sign of what is booted, and on which machine.

export type QemuLine = {
  readonly kernel?: string;
  readonly initrd?: string;
  readonly iso?: string;
  readonly disk?: string;
  readonly firmware?: string;
  readonly uefi: boolean;
  readonly board?: 'q35' | 'pc' | 'microvm';
  readonly cpu?: string;
  readonly cpus?: number;
  readonly memoryMib?: number;
  readonly commandLine?: string;
  readonly exitPort: boolean;
  readonly network: boolean;
};

/** Words of every command line that starts QEMU in a text, in the order of the text; comments are not told apart. */
export function qemuLines(text: string): string[][] {
  return text
    .replace(/\\\r?\n\s*/g, ' ')
    .split(/\r?\n/)
    .filter((line) => /qemu-system-(?:x86_64|i386)|\$\{?\(?QEMU\b/.test(line) && / -/.test(line))
    .map((line) => wordsOf(line.slice(0, 4000)));
}

export function readQemuLine(words: readonly string[]): QemuLine {
  const after = (...names: readonly string[]): string | undefined => {
    const index = words.findIndex((word) => names.includes(word));
    return index === -1 ? undefined : words[index + 1];
  };
  const drives = words.flatMap((word, index) => (words[index - 1] === '-drive' ? [fieldsOf(word)] : []));
  const flash = drives.find((drive) => drive['if'] === 'pflash');
  const cdrom = drives.find((drive) => drive['media'] === 'cdrom')?.['file'];
  const drive = drives.find((one) => one !== flash && one['media'] !== 'cdrom')?.['file'];
  const bios = after('-bios', '-pflash');
  const uefi = /ovmf|edk2|efi/i.test(`${bios ?? ''} ${flash?.['file'] ?? ''}`);
  const image = after('-cdrom') ?? cdrom;
  const disk = drive ?? after('-hda', '-fda');
  return clean({
    kernel: after('-kernel'),
    initrd: after('-initrd'),
    iso: image ?? (disk?.endsWith('.iso') ? disk : undefined),
    disk: disk?.endsWith('.iso') ? undefined : disk,
    firmware: bios !== undefined && !uefi ? bios : undefined,
    uefi,
    board: boardOf(after('-machine', '-M')),
    cpu: cpuOf(after('-cpu')),
    cpus: numberOf(/^(?:cpus=)?(\d+)/.exec(after('-smp') ?? '')?.[1], 64),
    memoryMib: memoryOf(after('-m')),
    commandLine: after('-append'),
    exitPort: words.some((word) => word.includes('isa-debug-exit')),
    network: words.some((word) => /^-(?:netdev|nic)$/.test(word)),
  });
}

function clean(line: { [K in keyof QemuLine]: QemuLine[K] | undefined }): QemuLine {
  return Object.fromEntries(Object.entries(line).filter(([, value]) => value !== undefined)) as QemuLine;
}

function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|([^\s"'&|;]+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain ?? '',
  );
}

function fieldsOf(drive: string): { [name: string]: string } {
  return Object.fromEntries(
    drive.split(',').map((field) => {
      const [name = '', value] = field.split('=', 2);
      return value === undefined ? ['file', name] : [name, value];
    }),
  );
}

function boardOf(text: string | undefined): QemuLine['board'] {
  const name = text?.replace(/^type=/, '').split(',')[0] ?? '';
  if (name.startsWith('microvm')) return 'microvm';
  if (/q35/.test(name)) return 'q35';
  return /^pc/.test(name) ? 'pc' : undefined;
}

function cpuOf(text: string | undefined): string | undefined {
  const name = text?.split(',')[0];
  return name !== undefined && name !== 'host' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)
    ? name
    : undefined;
}

function memoryOf(text: string | undefined): number | undefined {
  const [, count, unit] = /^(?:size=)?(\d+)([MmGgKk]?)/.exec(text ?? '') ?? [];
  const mib = Number(count) * (/g/i.test(unit ?? '') ? 1024 : 1);
  return count === undefined || /k/i.test(unit ?? '') || mib < 16 || mib > 65_536 ? undefined : mib;
}

function numberOf(text: string | undefined, most: number): number | undefined {
  const value = Number(text);
  return text === undefined || value < 1 || value > most ? undefined : value;
}
