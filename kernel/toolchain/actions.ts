// The code behind the kernel's tasks: compile a file, link, collect symbols.
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Action, ActionContext, Tool } from '../../core/action.ts';
import type { Command } from '../../core/exec.ts';
import { SynosError } from '../../core/failure.ts';
import { isObject, type Json } from '../../core/json.ts';
import { inside } from '../../core/path.ts';
import { visibleUpTo } from '../../core/text.ts';
import { headersOf, shadowsOf } from './depfile.ts';

type Compiler = 'gcc' | 'clang';
type CompileParams = { compiler: Compiler; flags: readonly string[]; include: readonly string[] };
type LinkParams = { flags: readonly string[]; objects: readonly string[] };
type SymbolsParams = { compiler: Compiler };

const version = ['--version'];
const assembler: Tool = { name: 'as', version, package: 'binutils' };
const linker: Tool = { name: 'ld.bfd', version, package: 'binutils' };
const nm: Tool = { name: 'nm', version, package: 'binutils' };
const awk: Tool = { name: 'awk', version: [], package: 'mawk' };
// clang brings its own assembler.
const compilerTools: { readonly [C in Compiler]: readonly Tool[] } = {
  gcc: [{ name: 'gcc', version, package: 'gcc' }, assembler],
  clang: [{ name: 'clang', version, package: 'clang' }],
};

/** Lines that a compiler's failure shows: the first ones, since what follows the first error is often only its echo. */
const firstLines = 40;
const mostLineLength = 500;
const messageBytes = 64 << 10;
/** Symbols of a kernel as text, far above what any has. */
const symbolBytes = 64 << 20;

const compile: Action<CompileParams> = {
  kind: 'kernel.compile',
  version: 1,
  tools: ({ compiler }) => compilerTools[compiler],
  parse: (params) => ({
    compiler: compilerIn(params),
    flags: stringsIn(params, 'flags'),
    include: stringsIn(params, 'include'),
  }),
  async run({ compiler, flags, include }, context) {
    const source = treePath(context, 'source');
    const rule = join(context.work, 'rule.d');
    // Run in the tree with relative names: what is compiled must not know where the tree lies.
    await diagnosed(context, {
      argv: [
        compiler,
        ...flags,
        `-ffile-prefix-map=${context.tree}=.`,
        '-MMD',
        '-MF',
        rule,
        '-c',
        source,
        '-o',
        context.output('object'),
      ],
      cwd: context.tree,
    });
    const headers = headersOf(readFileSync(rule, 'utf8'), source, context.tree);
    context.discovered([...headers, ...shadowsOf(source, headers, include)]);
  },
};

const link: Action<LinkParams> = {
  kind: 'kernel.link',
  version: 1,
  tools: () => [linker],
  parse: (params) => ({ flags: stringsIn(params, 'flags'), objects: stringsIn(params, 'objects') }),
  async run({ flags, objects }, context) {
    const folder = join(context.work, 'objects');
    for (const path of new Set(objects.map((name) => dirname(inside(folder, name)))))
      mkdirSync(path, { recursive: true });
    // The linker writes the names of assembly objects into the symbol table, so they get real ones, and the same ones everywhere.
    for (const name of objects) symlinkSync(context.input(name), join(folder, name));
    await diagnosed(context, {
      argv: [linker.name, ...flags, '-T', context.input('script'), '-o', context.output('elf'), ...objects],
      cwd: folder,
    });
  },
};

const symbols: Action<SymbolsParams> = {
  kind: 'kernel.symbols',
  version: 1,
  tools: ({ compiler }) => [nm, awk, ...compilerTools[compiler]],
  parse: (params) => ({ compiler: compilerIn(params) }),
  async run({ compiler }, context) {
    const list = await context.exec({
      argv: [nm.name, '-n', context.input('elf')],
      keepBytes: symbolBytes,
      brief: true,
    });
    const table = await context.exec({
      argv: [awk.name, '-f', context.input('script')],
      input: list.stdout,
      keepBytes: symbolBytes,
      brief: true,
    });
    writeFileSync(join(context.work, 'ksyms.S'), table.stdout);
    writeFileSync(context.output('source'), table.stdout);
    await diagnosed(context, {
      argv: [compiler, '-c', 'ksyms.S', '-o', context.output('object')],
      cwd: context.work,
    });
  },
};

export const kernelActions: readonly Action[] = [compile, link, symbols];

// Runs a compiler or linker; what it says goes to a file, since two pipes cost more than the rest of the start. What it complains about
// first is what the failure shows.
async function diagnosed(context: ActionContext, command: Command): Promise<void> {
  const path = join(context.work, 'messages');
  const file = openSync(path, 'w');
  try {
    await context.exec({ ...command, brief: true, outputTo: file });
    for (const line of messagesIn(path)) context.emit({ type: 'task.output', task: context.task.id, line });
  } catch (error) {
    if (!(error instanceof SynosError)) throw error;
    const { failure } = error;
    if (failure.code !== 'task.exit' && failure.code !== 'task.timeout') throw error;
    throw new SynosError({ ...failure, tail: messagesIn(path) }, { cause: error });
  } finally {
    closeSync(file);
  }
}

function messagesIn(path: string): string[] {
  if (statSync(path).size === 0) return [];
  const file = openSync(path, 'r');
  try {
    const data = Buffer.alloc(messageBytes);
    const text = data.toString('utf8', 0, readSync(file, data));
    const lines = text.split('\n', firstLines + 1).slice(0, firstLines);
    return lines.filter((line) => line !== '').map((line) => visibleUpTo(line, mostLineLength));
  } finally {
    closeSync(file);
  }
}

function treePath(context: ActionContext, name: string): string {
  const input = context.task.inputs[name];
  if (input?.from !== 'tree') throw invalid(`${context.task.id} needs ${name} from the tree`);
  return input.path;
}

function compilerIn(params: Json): Compiler {
  const compiler = isObject(params) ? params['compiler'] : undefined;
  if (compiler === 'gcc' || compiler === 'clang') return compiler;
  throw invalid(`compiler ${JSON.stringify(compiler)} is neither gcc nor clang`);
}

function stringsIn(params: Json, name: string): string[] {
  const value = isObject(params) ? params[name] : undefined;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value as string[];
  throw invalid(`${name} must be a list of strings`);
}

function invalid(reason: string): SynosError {
  return new SynosError({ code: 'plan.invalid', reason });
}
