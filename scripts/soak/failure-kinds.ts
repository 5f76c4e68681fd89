// Guests that fail on purpose, as data: what each does, and which verdict is the right one. "Right" is the end and, where two kinds share an
// end, words of its reason.
import type { BootEnd } from '../../core/outcome.ts';

export type Medium = 'direct' | 'iso';

export type Kind = {
  readonly name: string;
  readonly end: BootEnd;
  readonly reason?: RegExp;
  /** From the last byte that the guest printed to the verdict; only where something is promised. */
  readonly withinMs?: number;
  readonly media: readonly Medium[];
  readonly options?: { readonly [field: string]: string | number | object };
  /** Assembly for tests/boot-rig.ts, or words for the command line of SynOS's own kernel. */
  readonly guest:
    | { readonly asm: string }
    | { readonly fault: string }
    | 'hanging boot sector'
    | 'no kernel on it';
  /** Sent to QEMU when the guest has said something. */
  readonly signal?: NodeJS.Signals;
};

const both: readonly Medium[] = ['direct', 'iso'];
const iso: readonly Medium[] = ['iso'];
const promised = { reset: 1000, halt: 500, spin: 3000 } as const;
const few = 'test=lib.crc32 bench=alloc';
const none = 'test=none bench=none';
const fast = { limits: { silenceSeconds: 2, spinSeconds: 2, serialMib: 1 } };

const own = (fault: string, end: BootEnd, more: Partial<Kind> & { words?: string } = {}): Kind => {
  const { words = none, ...rest } = more;
  return { name: `kernel-${fault}`, end, media: both, guest: { fault: `${words} fault=${fault}` }, ...rest };
};
const asm = (name: string, end: BootEnd, body: string, more: Partial<Kind> = {}): Kind => ({
  ...{ name, end, media: both },
  guest: { asm: body },
  ...more,
});

const ready = ' say "ready\\n"\n';
/** No interrupt comes any more: firmware may have left the timer on. */
const masked = ' cli\n mov $0xff, %al\n outb %al, $0x21\n outb %al, $0xa1\n';
/** Every vector returns at once; the timer of the board ticks, through the local APIC, which qboot leaves off. */
export const ticking = `${masked} mov $0x90000, %edi\n mov $256, %ecx
1: mov $tick, %eax\n movw %ax, (%edi)\n movw %cs, 2(%edi)\n movw $0x8e00, 4(%edi)\n shr $16, %eax\n movw %ax, 6(%edi)
 add $8, %edi\n loop 1b\n lidt idtr
 .irp pair, 0x11, 0x20, 0x04, 0x01\n mov $\\pair, %al\n .if \\pair == 0x11\n outb %al, $0x20\n .else\n outb %al, $0x21\n .endif\n .endr
 mov $0x34, %al\n outb %al, $0x43\n mov $0, %al\n outb %al, $0x40\n mov $0x80, %al\n outb %al, $0x40
 movl $0x1ff, 0xfee000f0\n movl $0x700, 0xfee00350\n mov $0xfe, %al\n outb %al, $0x21\n sti\n jmp 5f
tick: push %eax\n mov $0x20, %al\n outb %al, $0x20\n incl 0x8f000\n pop %eax\n iret
 .balign 8\nidtr: .word 2047\n .long 0x90000\n5:\n`;
const noIdt = ' lidt empty\n jmp 5f\n .balign 8\nempty: .word 0\n .long 0\n5:\n';
const out = (port: number, value: number, width: 'b' | 'w' = 'b'): string =>
  ` mov $${port}, %edx\n mov $${value}, %eax\n out${width} %${width === 'b' ? 'al' : 'ax'}, %dx\n`;
const waitThen = '8: inb $0x80, %al\n jmp 8b\n';
const heldLock =
  ' movl $1, 0x8e000\n8: mov $1, %eax\n xchg %eax, 0x8e000\n test %eax, %eax\n jz 9f\n7: pause\n cmpl $0, 0x8e000\n jne 7b\n jmp 8b\n';

export const kinds: readonly Kind[] = [
  own('testfail', 'failed', { words: 'test=fault bench=none', reason: /1 test failed/ }),
  own('panic', 'panic', { reason: /deliberate panic/ }),
  own('ud', 'panic', { reason: /invalid opcode/ }),
  own('gp', 'panic', { reason: /general protection/ }),
  own('pf', 'panic', { reason: /page fault/ }),
  own('wtext', 'panic', { reason: /protected page/ }),
  own('stack', 'panic', { reason: /guard page/ }),
  own('cpupanic', 'panic', { options: { cpus: 4 } }),
  own('triple', 'reset', { reason: /triple fault/, withinMs: promised.reset }),
  own('reset', 'reset', { reason: /asked for a reset/, withinMs: promised.reset }),
  own('halt', 'halt', { withinMs: promised.halt }),
  { ...own('halt', 'halt', { options: { cpus: 4 } }), name: 'kernel-halt-4-cpus' },
  own('spin', 'spin', { reason: /never end/, withinMs: promised.spin }),
  { ...own('spin', 'spin', { options: { cpus: 4 }, withinMs: promised.spin }), name: 'kernel-spin-4-cpus' },
  own('mute', 'silent'),
  own('flood', 'flood', { options: fast }),
  own('early', 'early'),
  own('drop', 'incomplete', { words: few, reason: /missing/ }),
  own('repeat', 'incomplete', { words: few, reason: /came twice/ }),
  own('corrupt', 'incomplete', { words: few, reason: /missing/ }),
  asm('linux-panic', 'panic', ` say "[    1.5] Kernel panic - not syncing: VFS\\n"\n${waitThen}`, {
    reason: /VFS/,
  }),
  asm('rust-panic', 'panic', ` say "panicked at src/main.rs:5:5:\\n"\n${waitThen}`, { reason: /main\.rs/ }),
  asm('panic-then-reset', 'panic', ` say "PANIC: lost\\n"\n${out(0x64, 0xfe)}${waitThen}`),
  asm('triple-fault', 'reset', `${ready}${noIdt} ud2\n`, {
    reason: /triple fault/,
    withinMs: promised.reset,
  }),
  asm('keyboard-reset', 'reset', `${ready}${out(0x64, 0xfe)}${waitThen}`, {
    ...{ reason: /asked for a reset/, withinMs: promised.reset },
  }),
  asm('cf9-reset', 'reset', `${ready}${out(0xcf9, 2)}${out(0xcf9, 6)}${waitThen}`, {
    ...{ reason: /asked for a reset/, withinMs: promised.reset },
  }),
  asm('port-92-reset', 'reset', `${ready}${out(0x92, 1)}${waitThen}`, { withinMs: promised.reset }),
  asm('dead-halt', 'halt', `${ready} cli\n hlt\n`, { reason: /interrupts off/, withinMs: promised.halt }),
  asm('dead-halt-4-cpus', 'halt', `${ready} cli\n hlt\n`, {
    ...{ reason: /interrupts off/, withinMs: promised.halt, options: { cpus: 4 } },
  }),
  asm('dead-halt-mute', 'halt', ' cli\n hlt\n'),
  asm('idle-for-ever', 'halt', `${masked}${ready} sti\n8: hlt\n jmp 8b\n`, { reason: /all are masked/ }),
  asm('idle-ticking', 'stalled', `${ticking}${ready}8: hlt\n jmp 8b\n`, { options: fast, reason: /for 2 s/ }),
  asm('jump-to-itself', 'spin', `${ready} cli\n8: jmp 8b\n`, {
    reason: /never end/,
    withinMs: promised.spin,
  }),
  asm('jump-4-cpus', 'spin', `${ready} cli\n8: pause\n jmp 8b\n`, {
    withinMs: promised.spin,
    options: { cpus: 4 },
  }),
  asm('long-loop', 'spin', `${ready} cli\n8: inc %ebx\n .rept 300\n lea 1(%ecx), %ecx\n .endr\n jmp 8b\n`, {
    ...{ reason: /never end/, withinMs: promised.spin },
  }),
  asm('held-lock', 'spin', `${ready} cli\n${heldLock}`, { reason: /never end/, withinMs: promised.spin }),
  asm('held-lock-interrupts-on', 'spin', `${masked}${ready} sti\n${heldLock}`, {
    ...{ reason: /never end/, withinMs: promised.spin },
  }),
  asm('held-lock-ticking', 'spin', `${ticking}${ready}${heldLock}`, {
    ...{ options: { limits: { silenceSeconds: 10, spinSeconds: 2 } }, reason: /unchanged for 2 s/ },
  }),
  asm('silence-from-start', 'silent', waitThen, { options: fast }),
  asm('silence-later', 'stalled', `${ready}8: inb $0x80, %al\n inc %ecx\n jmp 8b\n`, { options: fast }),
  asm('too-slow', 'spin', `8: ${ready} mov $200000, %ecx\n7: inb $0x80, %al\n dec %ecx\n jnz 7b\n jmp 8b\n`, {
    ...{ options: { limits: { seconds: 4 } }, reason: /still running after 4 s/ },
  }),
  asm(
    'text-flood',
    'flood',
    `8: ${' say "all work and no play makes a dull guest\\n"\n'.repeat(4)} jmp 8b\n`,
    {
      options: fast,
    },
  ),
  asm('missing-end', 'early', `${ready} leave 0x10\n`),
  asm('power-off', 'early', `${ready}${out(0x604, 0x2000, 'w')}${waitThen}`),
  asm('strange-exit-code', 'failed', `${ready} leave 77\n`, { reason: /exit code 155/ }),
  asm('exit-code-of-qemu', 'failed', `${ready} leave 0\n`, { reason: /exit code 1,/ }),
  asm('killed-by-term', 'killed', `${ready}${waitThen}`, { signal: 'SIGTERM' }),
  asm('killed-by-kill', 'killed', `${ready}${waitThen}`, { signal: 'SIGKILL' }),
  asm('qemu-crash', 'qemu-error', `${ready}${waitThen}`, { signal: 'SIGSEGV', reason: /SIGSEGV/ }),
  { name: 'boot-sector-hangs', end: 'firmware', media: iso, options: fast, guest: 'hanging boot sector' },
  { name: 'kernel-not-found', end: 'firmware', media: iso, options: fast, guest: 'no kernel on it' },
];
