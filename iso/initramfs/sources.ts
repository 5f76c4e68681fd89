// The C sources of the initramfs's init: where they lie, which they are, how they are compiled.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ActionContext } from '../../core/action.ts';
import { digestOf } from '../../core/digest.ts';

const units = ['devices', 'files', 'init', 'medium', 'modules', 'options', 'root', 'say', 'text'];
const headers = ['init', 'sys', 'text'];
// scripts/bundle.ts copies them to a folder beside the bundle.
const folder = import.meta.url.endsWith('.ts') ? './' : './initramfs/';
const place = (name: string): URL => new URL(folder + name, import.meta.url);

/** Differs with each change of the sources: part of the action's version. */
export function initVersion(): number {
  const files = [...units.map((name) => `${name}.c`), ...headers.map((name) => `${name}.h`)];
  const text = files.map((name) => readFileSync(place(name), 'utf8')).join('\0');
  return Number.parseInt(digestOf(text).slice(0, 12), 16);
}

// Nothing of the compiler's library or of a system's headers takes part.
/** @public scripts/check compiles with both compilers. */
export const flags: readonly string[] = [
  ...['-std=gnu11', '-Os', '-ffreestanding', '-fno-builtin', '-nostdlib', '-static'],
  ...['-fno-pic', '-fno-pie', '-fno-stack-protector', '-fno-asynchronous-unwind-tables'],
  ...['-fcf-protection=none', '-fno-strict-aliasing', '-s'],
  ...['-Wall', '-Wextra', '-Wshadow', '-Wmissing-prototypes', '-Wstrict-prototypes', '-Werror'],
  ...['-Wl,--build-id=none', '-Wl,-z,noexecstack', '-Wl,-z,norelro'],
];

/** Compiles init to a file. */
export async function compileInit(to: string, context: Pick<ActionContext, 'exec'>): Promise<void> {
  const files = units.map((name) => fileURLToPath(place(`${name}.c`)));
  await context.exec({ argv: ['gcc', ...flags, '-o', to, ...files] });
}
