// How a kernel wants to be started, and what it prints, from its sources or from a file that is built already.
import type { Survey } from './survey.ts';

export type Protocol = 'pvh' | 'multiboot' | 'multiboot2' | 'limine' | 'linux' | 'uefi' | 'bios';

/** What a file of the repository says, and which one. */
export type Sign<T extends string = string> = { readonly what: T; readonly where: string };

const sourceFile = /\.(?:[chsS]|asm|s\d|inc|nasm|cpp|cc|cxx|hpp|rs|zig|ld|lds|lds\.S|cfg|conf|d)$/;
const mostSources = 3000;

const protocols: readonly (readonly [Protocol, RegExp])[] = [
  ['pvh', /XEN_ELFNOTE_PHYS32_ENTRY|\.note\.(?:Xen|pvh)|(?:asciz|string|ascii)\s+"Xen/i],
  ['multiboot', /0x1BADB002|MULTIBOOT_HEADER_MAGIC\b(?!2)|MULTIBOOT_MAGIC/i],
  ['multiboot2', /0xE85250D6|MULTIBOOT2_HEADER_MAGIC/i],
  ['limine', /LIMINE_(?:BASE_REVISION|\w*REQUEST)|limine\.h|limine::/],
  ['uefi', /\befi_main\b|#\[entry\]|EFI_SYSTEM_TABLE/],
  ['bios', /\b0xAA55\b/i],
];

const facts: readonly (readonly [string, RegExp])[] = [
  ['records', /synos_records_init|synos\/record\.h|"record\.h"/],
  ['ktap', /\b(?:K?TAP version 1[34]?)\b/],
  ['serial', /\b0x3f8\b|\bCOM1\b|uart_?16550|console=ttyS0|0x03f8\b/i],
  ['exit port', /isa-debug-exit|\bexit_qemu\b|qemu_exit|\b0xf4\b/i],
];

/** Each protocol and each fact with the first file that shows it. */
export function signs(survey: Survey): {
  protocols: Sign<Protocol>[];
  facts: ReadonlyMap<string, string>;
} {
  const found = new Map<Protocol, string>();
  const seen = new Map<string, string>();
  for (const path of survey.find(sourceFile).slice(0, mostSources)) {
    const text = survey.text(path);
    for (const [what, pattern] of protocols)
      if (!found.has(what) && pattern.test(text)) found.set(what, path);
    for (const [what, pattern] of facts) if (!seen.has(what) && pattern.test(text)) seen.set(what, path);
  }
  return { protocols: [...found].map(([what, where]) => ({ what, where })), facts: seen };
}

/** What a built file is; undefined for what no machine starts. */
export function imageKind(head: Buffer): 'elf32' | 'elf64' | 'linux' | 'multiboot' | 'disk' | undefined {
  if (head.subarray(0, 4).toString('latin1') === '\x7fELF') return head[4] === 1 ? 'elf32' : 'elf64';
  if (head.length > 0x206 && head.subarray(0x202, 0x206).toString('latin1') === 'HdrS') return 'linux';
  if (head.includes(Buffer.from([0x02, 0xb0, 0xad, 0x1b]))) return 'multiboot';
  return head.length >= 512 && head[510] === 0x55 && head[511] === 0xaa ? 'disk' : undefined;
}
