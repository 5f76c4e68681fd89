// The code behind the kernel's tasks: compile a file, link, collect symbols.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Action, ActionContext } from '../../core/action.ts';
import { commandAction } from './command-action.ts';
import {
  awk,
  type Compiler,
  compilerIn,
  compilerTools,
  invalid,
  linker,
  nm,
  stringsIn,
} from './compilers.ts';
import { headersOf, shadowsOf } from './depfile.ts';
import { diagnosed, placeObjects } from './diagnosed.ts';
import { hostActions } from './host-actions.ts';

type CompileParams = { compiler: Compiler; flags: readonly string[]; include: readonly string[] };
type LinkParams = { flags: readonly string[]; objects: readonly string[] };
type SymbolsParams = { compiler: Compiler };

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
    const folder = placeObjects(context, objects);
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

export const kernelActions: readonly Action[] = [
  compile,
  link,
  symbols,
  commandAction as Action,
  ...hostActions,
];

function treePath(context: ActionContext, name: string): string {
  const input = context.task.inputs[name];
  if (input?.from !== 'tree') throw invalid(`${context.task.id} needs ${name} from the tree`);
  return input.path;
}
