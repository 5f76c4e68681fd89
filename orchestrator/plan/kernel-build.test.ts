// A small kernel built by the real engine with real compilers: headers, diagnostics, macros, and no trace of where the tree lies.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventBody } from '../../core/event.ts';
import { type TaskResult, taskId } from '../../core/task.ts';
import { type SourcesOptions, sourcesOptions } from '../../kernel/toolchain/options.ts';
import { findSources, kernelPlan } from '../../kernel/toolchain/plan.ts';
import { localRunner } from '../engine/runner.ts';
import { runPlan } from '../engine/scheduler.ts';
import { actionsFor } from './catalogue.ts';
import { makePlan } from './graph.ts';

const files: { readonly [path: string]: string } = {
  'linker.ld':
    'ENTRY(start) SECTIONS { . = 0xffffffff80100000; .text : { *(.text*) } .rodata : { *(.rodata*) } .ksyms : { KEEP(*(.ksyms)) } }\n',
  'toolchain/ksyms.awk':
    '/ [tT] / { n++ } END { print ".section .ksyms, \\"a\\""; print ".long " n; print ".section .note.GNU-stack, \\"\\", @progbits" }\n',
  'include/one.h': 'int one(void);\n',
  'include/two.h': '#include <three.h>\nint two(void);\n',
  'include/three.h': '#define THREE 3\n',
  'boot/start.S': '.globl start\nstart: call one\nhlt\n.section .note.GNU-stack, "", @progbits\n',
  'one.c': '#include <one.h>\nint one(void) { return 1; }\n',
  'two.c': '#include <one.h>\n#include <two.h>\nint two(void) { return one() + THREE; }\n',
  'plain.c': 'int plain(void);\nint plain(void) { return 0; }\n',
  'hosted/main.c': 'int main(void) { return 0; }\n',
};

let root: string;
const treeNamed = (name: string): string => join(root, name, 'project');
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'synos-kernel-'));
  for (const [path, text] of Object.entries(files)) write('a', path, text);
});
afterEach(() => rmSync(root, { recursive: true }));

function write(name: string, path: string, text: string): void {
  const whole = join(treeNamed(name), 'kernel', path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, text);
}

type Outcome = { ran: string[]; results: ReadonlyMap<string, TaskResult>; elf: Buffer | undefined };

async function build(options: Partial<SourcesOptions> = {}, name = 'a'): Promise<Outcome> {
  await sleep(30); // what was just written must be older than a tick of the file clock
  const tree = treeNamed(name);
  const config = { ...sourcesOptions.parse({}), ...options };
  const { tasks, image } = kernelPlan(config, findSources(tree, config));
  const plan = makePlan(tasks, [image.task]);
  const ran: string[] = [];
  const emit = (event: EventBody): void => {
    if (event.type === 'task.ended' && event.result.status !== 'cached')
      ran.push(event.task.replace('kernel:', ''));
  };
  const runner = localRunner({ tree, home: join(tree, '.synos'), actions: await actionsFor(plan), emit });
  const results = await runPlan({ plan, runner, emit, signal: new AbortController().signal });
  const digest = results.get(image.task)?.outputs['elf'];
  return { ran: ran.sort(), results, elf: digest && readFileSync(runner.store.path(digest)) };
}

const everything = ['boot/start.S', 'link', 'link-1', 'one.c', 'plain.c', 'symbols', 'two.c'];
const linking = ['link', 'link-1', 'symbols'];

describe.each(['gcc', 'clang'] as const)('a kernel compiled by %s', (compiler) => {
  it('is built once, hosted files left out', async () => {
    const first = await build({ compiler });
    expect(first.ran).toEqual(everything);
    expect(first.elf?.subarray(1, 4).toString()).toBe('ELF');
    expect((await build({ compiler })).ran).toEqual([]);
  });

  it('compiles exactly the users of a header that changed, also through another header', async () => {
    await build({ compiler });
    write('a', 'include/one.h', 'int one(void); /* said more */ typedef int number;\n');
    expect((await build({ compiler })).ran.filter((id) => !linking.includes(id))).toEqual(['one.c', 'two.c']);
    write('a', 'include/three.h', '#define THREE 33\n');
    const changed = await build({ compiler });
    expect(changed.ran).toEqual(['link', 'link-1', 'symbols', 'two.c']);
    write('a', 'include/three.h', files['include/three.h'] ?? '');
    write('a', 'include/one.h', files['include/one.h'] ?? '');
    expect((await build({ compiler })).ran).toEqual([]);
  });

  it('is the same file from another folder', async () => {
    for (const [path, text] of Object.entries(files)) write('quite/another place', path, text);
    const [here, there] = [await build({ compiler }), await build({ compiler }, 'quite/another place')];
    expect(here.elf).toBeDefined();
    expect(there.elf?.equals(here.elf ?? Buffer.alloc(0))).toBe(true);
    expect(here.elf?.includes(root)).toBe(false);
  });

  it('fails with what the compiler said first, escaped, and loses nothing else', async () => {
    write(
      'a',
      'two.c',
      `int two(void) { return ${Array.from({ length: 60 }, (_, n) => `missing_${n}`).join(' + ')}; }\n`,
    );
    const { results } = await build({ compiler });
    const result = results.get(taskId('kernel:two.c'));
    expect(result).toMatchObject({
      status: 'failed',
      failure: { code: 'task.exit', command: compiler, exit: 1 },
    });
    const tail =
      result?.status === 'failed' && result.failure.code === 'task.exit' ? result.failure.tail : [];
    expect(tail.join('\n')).toContain('kernel/two.c:1:');
    expect(tail.join('\n')).toContain('missing_0');
    expect(tail.length).toBeLessThanOrEqual(40);
    // The largest file comes first: what ran beside it is kept, the rest was not begun.
    const kept = [...results.values()]
      .filter(({ status }) => status === 'ran')
      .map(({ task }) => task.replace('kernel:', ''));
    expect(kept.length).toBeGreaterThan(0);
    write('a', 'two.c', files['two.c'] ?? '');
    const again = (await build({ compiler })).ran;
    expect(again).toContain('two.c');
    expect(again.filter((id) => kept.includes(id))).toEqual([]);
  });
});

describe('a kernel', () => {
  // clang writes a digest of each source into the debug information, so its objects differ.
  it('links nothing when gcc makes the same object of a changed comment', async () => {
    await build();
    write('a', 'plain.c', 'int plain(void);\nint plain(void) { return 0; } /* as before */\n');
    expect((await build()).ran).toEqual(['plain.c']);
  });

  it('is compiled anew where a new header hides the one that was read', async () => {
    write('a', 'one.c', '#include "two.h"\nint one(void);\nint one(void) { return THREE; }\n');
    await build();
    write('a', 'two.h', '#define THREE 4\nint two(void);\n');
    expect((await build()).ran).toEqual(expect.arrayContaining(['one.c']));
  });

  it('is compiled anew with another macro or profile, and found again with the old one', async () => {
    await build();
    expect((await build({ defines: { X: '1' } })).ran.filter((id) => !linking.includes(id))).toHaveLength(4);
    expect((await build({ profile: 'debug' })).ran).toContain('one.c');
    expect((await build()).ran).toEqual([]);
  });

  it('names the script that is missing', async () => {
    rmSync(join(treeNamed('a'), 'kernel/linker.ld'));
    const { results } = await build();
    expect(results.get(taskId('kernel:link-1'))).toMatchObject({
      failure: { code: 'input.missing', path: 'kernel/linker.ld' },
    });
  });

  it('without any source is refused by the folder', async () => {
    await expect(build({ dir: 'empty' })).rejects.toMatchObject({ failure: { code: 'input.missing' } });
  });
});
