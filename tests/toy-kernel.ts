// A kernel of a few lines that `as` and `ld` build in no time, and histories of it: a repository whose commits say what the kernel does.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Counts the instructions of work.S and prints them, prints what say.S says, and ends as end.S does. */
const guest = `
 .code32
 .section .note.pvh, "a", @note
 .long 4, 4, 18
 .asciz "Xen"
 .long _start
 .text
print:
 mov $0x3f9, %edx
1: mov $0x3fd, %edx
 inb %dx, %al
 test $0x20, %al
 jz 1b
 lodsb
 test %al, %al
 jz 2f
 mov $0x3f8, %edx
 outb %al, %dx
 jmp 1b
2: ret
 .global _start
_start:
 mov $0x80000, %esp
 rdtsc
 mov %eax, %ebp
 .include "work.S"
 rdtsc
 sub %ebp, %eax
 mov %eax, %ebx
 mov $digits, %edi
 mov $8, %ecx
1: rol $4, %ebx
 mov %bl, %al
 and $15, %al
 add $48, %al
 cmp $58, %al
 jb 2f
 add $39, %al
2: mov %al, (%edi)
 inc %edi
 loop 1b
 mov $line, %esi
 call print
 .include "end.S"
9: cli
 hlt
 jmp 9b
 .data
line: .ascii "work: 0x"
digits: .ascii "00000000\\nidle: 0x7\\n"
 .include "say.S"
 .byte 0
`;

const machine = `machines:
  tiny:
    boot: kernel
    firmware: none
    machine: microvm
    memoryMib: 16
    exact: true
    rules:
      done: exit
      records:
        - { match: 'work: (?P<value>0x[0-9a-f]+)', suite: toy, name: work, metric: cost, unit: instructions, count: 1 }
        - { match: 'idle: (?P<value>0x[0-9a-f]+)', suite: toy, name: idle, metric: cost, unit: instructions, count: 1 }
`;

export const toyConfig = `kernel:
  kind: command
  command: [sh, build.sh]
  outputs: { kernel: k.elf }
${machine}`;

export type ToyCommit = {
  /** The tag that it gets, and its subject. */
  readonly name: string;
  /** By name; default: the commit before it. */
  readonly parents?: readonly string[];
  /** Instructions between the two readings. */
  readonly work?: number;
  /** In place of so many instructions. */
  readonly code?: string;
  /** It does not assemble. */
  readonly broken?: boolean;
  readonly panics?: boolean;
  /** Has no synos.yaml. */
  readonly bare?: boolean;
  /** Its bytes are those of any other commit that does the same. */
  readonly plain?: boolean;
};

/** Makes the folder a repository with these commits, the last one checked out as the branch `trunk`; ids by name. */
export function toyHistory(folder: string, commits: readonly ToyCommit[]): Map<string, string> {
  const marks = new Map(commits.map(({ name }, n) => [name, n + 1]));
  const stream = commits.map((commit, n) => {
    const parents = commit.parents ?? (n === 0 ? [] : [commits[n - 1]?.name ?? '']);
    const [first, ...others] = parents.map((parent) => `:${marks.get(parent)}`);
    const time = `t <t@t.invalid> ${1_767_225_600 + 60 * n} +0000`;
    const files = Object.entries(filesOf(commit)).map(
      ([path, text]) => `M 100644 inline ${path}\ndata ${Buffer.byteLength(text)}\n${text}\n`,
    );
    return [
      `commit refs/heads/trunk\nmark :${n + 1}\nauthor ${time}\ncommitter ${time}\n`,
      `data ${commit.name.length}\n${commit.name}\n`,
      ...(first ? [`from ${first}\n`] : []),
      ...others.map((other) => `merge ${other}\n`),
      `deleteall\n${files.join('')}\n`,
      `reset refs/tags/${commit.name}\nfrom :${n + 1}\n\n`,
    ].join('');
  });
  git(folder, ['init', '--quiet', '--initial-branch=trunk']);
  git(folder, ['fast-import', '--quiet', '--force', '--export-marks=.git/toy-marks'], stream.join(''));
  git(folder, ['reset', '--quiet', '--hard']);
  const ids = readFileSync(join(folder, '.git', 'toy-marks'), 'utf8')
    .trim()
    .split('\n');
  const byMark = new Map(ids.map((line) => line.slice(1).split(' ') as [string, string]));
  return new Map(commits.map(({ name }, n) => [name, byMark.get(String(n + 1)) ?? '']));
}

function filesOf({ name, work = 10, code, broken, panics, bare, plain }: ToyCommit): {
  [path: string]: string;
} {
  const ending = panics
    ? ' mov $words, %esi\n call print\n jmp 9f\nwords: .asciz "panic: nobody home\\n"\n'
    : ' mov $0xf4, %edx\n mov $16, %eax\n outl %eax, %dx\n';
  return {
    '.gitignore': '.synos\nout\n',
    'guest.S': guest,
    'work.S': broken ? ' no such instruction\n' : (code ?? ` .rept ${work}\n nop\n .endr\n`),
    'end.S': ending,
    'say.S': plain ? '' : ` .ascii "${name}\\n"\n`,
    'notes.txt': `${name}\n`,
    'build.sh':
      'as --32 -o k.o guest.S && ld -m elf_i386 -Ttext-segment=0x100000 -z noexecstack -o k.elf k.o\n',
    ...(bare ? {} : { 'synos.yaml': toyConfig }),
  };
}

export function git(folder: string, words: readonly string[], input = ''): string {
  const as = ['-c', 'user.name=t', '-c', 'user.email=t@t.invalid', '-c', 'core.hooksPath=/dev/null'];
  const argv = ['-C', folder, ...as, ...words];
  return execFileSync('git', argv, { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'pipe'] }).trim();
}
