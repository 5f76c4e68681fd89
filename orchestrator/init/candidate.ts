// What one build system of a repository would mean for the configuration, and what that rests on.

export type OutputName = 'kernel' | 'iso' | 'disk' | 'firmware' | 'initrd' | 'symbols';
export type Outputs = { [N in OutputName]?: string };

export type Because = { readonly path: string; readonly why: string };

export type Candidate = {
  readonly name: string;
  readonly dir: string;
  /** Absent: the outputs are there already. */
  readonly command?: readonly string[];
  /** SynOS compiles the sources itself. */
  readonly sources?: {
    readonly dir: string;
    readonly linkerScript: string;
    readonly include: readonly string[];
  };
  readonly outputs: Outputs;
  readonly tools: readonly string[];
  readonly network: boolean;
  readonly because: readonly Because[];
  /** What nobody but the user can know. */
  readonly open: readonly string[];
};

/** A path in the project, or nothing for what leads out of it or still has a variable in it. */
export function projectPath(folder: string, path: string | undefined): string | undefined {
  if (path === undefined || path === '' || path.startsWith('/') || /[$*?()\0]/.test(path)) return undefined;
  const steps: string[] = [];
  for (const step of `${folder}/${path}`.split('/')) {
    if (step === '..' && steps.pop() === undefined) return undefined;
    if (step !== '' && step !== '.' && step !== '..') steps.push(step);
  }
  return steps.length > 0 ? steps.join('/') : undefined;
}

/** Which output a file of this name would be. `boots`: how the kernel wants to be started. */
export function outputNamed(path: string, boots: ReadonlySet<string>): OutputName | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (/\.iso$/i.test(name)) return 'iso';
  if (/\.(?:img|hdd|raw|vhd)$/i.test(name)) return /initrd|initramfs/.test(name) ? 'initrd' : 'disk';
  if (/^(?:initrd|initramfs)|\.cpio(?:\.\w+)?$/i.test(name)) return 'initrd';
  if (/\.fd$|^bios\.bin$/i.test(name)) return 'firmware';
  if (/\.(?:elf|kernel|sys)$|^(?:kernel|vmlinuz|bzImage|vmkernel|kernel\w*)$/i.test(name)) return 'kernel';
  if (/^(?:my|toy)?(?:os|kernel)[\w-]*\.bin$/i.test(name) || (/\.bin$/i.test(name) && /kern/i.test(name)))
    return boots.has('bios') && boots.size === 1 ? 'disk' : 'kernel';
  if (/\.bin$/i.test(name) && boots.has('bios') && boots.size === 1) return 'disk';
  return undefined;
}

const known =
  /^(?:gcc|g\+\+|cc|clang|clang\+\+|ld|ld\.lld|nasm|yasm|fasm|as|ar|objcopy|strip|grub-mkrescue|xorriso|mformat|mcopy|mkfs\.vfat|genisoimage|mkisofs|cargo|rustc|cmake|meson|ninja|make|python3|perl|[\w]+-(?:elf|linux-gnu|none-elf)-(?:gcc|g\+\+|ld|as|ar|objcopy))$/;

/** Programs that lines of shell start, each once. */
export function programsIn(lines: readonly string[]): string[] {
  const words = lines.flatMap((line) =>
    line.split(/&&|\|\||[;|]/).map(
      (part) =>
        part
          .trim()
          .split(/\s+/)
          .find((word) => !/^[A-Z_]+=/.test(word)) ?? '',
    ),
  );
  return [...new Set(words.filter((word) => known.test(word)))].sort();
}

export const usesNetwork = (lines: readonly string[]): boolean =>
  lines.some((line) =>
    /\bgit\s+(?:clone|submodule)\b|\b(?:curl|wget)\s|\bapt-get\b|\b(?:npm|pip3?) (?:ci|install)\b|\bget-deps\b/.test(
      line,
    ),
  );

/** Flat binaries are mostly parts of what is made from them, so they are asked last. */
export const partsLast = (files: readonly string[]): string[] => [
  ...files.filter((file) => !file.endsWith('.bin')),
  ...files.filter((file) => file.endsWith('.bin')),
];
