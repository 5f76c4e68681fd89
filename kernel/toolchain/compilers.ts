// The programs that the kernel's tasks run, and what may be said to them.
import type { Tool } from '../../core/action.ts';
import { SynosError } from '../../core/failure.ts';
import { isObject, type Json } from '../../core/json.ts';

export type Compiler = 'gcc' | 'clang';

const version = ['--version'];
const assembler: Tool = { name: 'as', version, package: 'binutils' };
export const linker: Tool = { name: 'ld.bfd', version, package: 'binutils' };
export const nm: Tool = { name: 'nm', version, package: 'binutils' };
export const awk: Tool = { name: 'awk', version: [], package: 'mawk' };
// clang brings its own assembler.
export const compilerTools: { readonly [C in Compiler]: readonly Tool[] } = {
  gcc: [{ name: 'gcc', version, package: 'gcc' }, assembler],
  clang: [{ name: 'clang', version, package: 'clang' }],
};

export function compilerIn(params: Json): Compiler {
  const compiler = isObject(params) ? params['compiler'] : undefined;
  if (compiler === 'gcc' || compiler === 'clang') return compiler;
  throw invalid(`compiler ${JSON.stringify(compiler)} is neither gcc nor clang`);
}

export function stringsIn(params: Json, name: string): string[] {
  const value = isObject(params) ? params[name] : undefined;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value as string[];
  throw invalid(`${name} must be a list of strings`);
}

export function invalid(reason: string): SynosError {
  return new SynosError({ code: 'plan.invalid', reason });
}
