// Guests that fail on purpose, each many times, started directly and from an ISO: is every one told for what it is, and how soon?
//   node scripts/soak/seeded-failures.ts [runs, default 20] [kinds...]
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BootOutcome } from '../../core/outcome.ts';
import { asmGuest, bootOnce, kernelElf, type Workshop, workshop } from '../../tests/boot-rig.ts';
import { type Kind, kinds, type Medium } from './failure-kinds.ts';

export type Case = { readonly kind: Kind; readonly medium: Medium };

export type Told = {
  readonly right: boolean;
  readonly afterMs: number;
  readonly outcome: BootOutcome;
};

export const cases: readonly Case[] = kinds.flatMap((kind) => kind.media.map((medium) => ({ kind, medium })));

export const caseName = ({ kind, medium }: Case): string => `${kind.name}, ${medium}`;

/** Runs cases; the guests are made once, in the workshop's folder. */
export function failureLab(shop: Workshop): { run(one: Case): Promise<Told> } {
  const made = new Map<string, string>();
  const once = (key: string, make: () => string): string => {
    const before = made.get(key);
    if (before !== undefined) return before;
    const path = make();
    made.set(key, path);
    return path;
  };
  const guestOf = ({ name, guest }: Kind): string | undefined => {
    if (typeof guest === 'string') return undefined;
    if ('fault' in guest) return once('kernel', kernelElf);
    return once(name, () => asmGuest(shop.folder, name, guest.asm));
  };
  const imageOf = (kind: Kind): string => {
    const { guest } = kind;
    if (guest === 'hanging boot sector') return once(kind.name, () => hangingImage(shop.folder));
    const own = typeof guest === 'object' && 'fault' in guest;
    return once(`${own ? 'kernel' : kind.name}.iso`, () =>
      grubImage(join(shop.folder, `${own ? 'kernel' : kind.name}-iso`), guestOf(kind)),
    );
  };
  return {
    async run({ kind, medium }) {
      const kernel = guestOf(kind);
      const { guest, signal } = kind;
      const { outcome, toldAfterMs } = await bootOnce({
        ...(kernel === undefined ? {} : { kernel }),
        ...(medium === 'iso' ? { image: imageOf(kind) } : {}),
        options: { ...kind.options, boot: medium === 'iso' ? 'iso' : 'kernel' } as NonNullable<
          Parameters<typeof bootOnce>[0]['options']
        >,
        ...(typeof guest === 'object' && 'fault' in guest ? { commandLine: guest.fault } : {}),
        ...(signal ? { onSerial: (pid: number) => process.kill(pid, signal) } : {}),
      });
      const right = outcome.end === kind.end && (kind.reason?.test(outcome.reason) ?? true);
      return { right, afterMs: toldAfterMs, outcome };
    },
  };
}

function hangingImage(folder: string): string {
  const tree = join(folder, 'hanging');
  mkdirSync(tree);
  const jumpToItself = Buffer.alloc(2048);
  jumpToItself.writeUInt16BE(0xebfe);
  writeFileSync(join(tree, 'boot.img'), jumpToItself);
  const image = join(folder, 'hanging.iso');
  const boot = ['-b', 'boot.img', '-no-emul-boot', '-boot-load-size', '4'];
  execFileSync('xorriso', ['-as', 'mkisofs', ...boot, '-o', image, tree], { stdio: 'ignore' });
  return image;
}

function grubImage(folder: string, kernel: string | undefined): string {
  const tree = join(folder, 'tree');
  mkdirSync(join(tree, 'boot', 'grub'), { recursive: true });
  if (kernel !== undefined) execFileSync('cp', [kernel, join(tree, 'boot', 'guest.elf')]);
  const menu = 'set timeout=0\nmenuentry guest {\n  multiboot2 /boot/guest.elf\n  boot\n}\n';
  writeFileSync(join(tree, 'boot', 'grub', 'grub.cfg'), menu);
  const image = join(folder, 'guest.iso');
  const modules = '/usr/lib/grub/i386-pc';
  execFileSync('grub-mkrescue', ['-d', modules, '-o', image, tree], { timeout: 120_000, stdio: 'ignore' });
  return image;
}

const atOnce = 4;

async function soak(runs: number, chosen: readonly Case[], tell: (line: string) => void): Promise<boolean> {
  using shop = workshop();
  const lab = failureLab(shop);
  const results = new Map<Case, Told[]>(chosen.map((one) => [one, []]));
  const queue = Array.from({ length: runs }, () => chosen).flat();
  const worker = async (): Promise<void> => {
    for (let one = queue.shift(); one; one = queue.shift()) {
      const told = await lab.run(one);
      results.get(one)?.push(told);
      if (!told.right)
        tell(
          `WRONG ${caseName(one)}: ${told.outcome.end}: ${told.outcome.reason}; ${told.outcome.evidence.join('; ')}`,
        );
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  tell(
    `${'kind'.padEnd(34)} ${'runs'.padStart(5)} ${'right'.padStart(6)} ${'median'.padStart(8)} ${'most'.padStart(8)}  promised`,
  );
  for (const [one, told] of results) tell(row(one, told));
  const all = [...results.values()].flat();
  const right = all.filter((told) => told.right).length;
  tell(`${kinds.length} kinds, ${chosen.length} cases, ${all.length} runs: ${right} told right`);
  return right === all.length;
}

function row(one: Case, told: readonly Told[]): string {
  const times = told.map(({ afterMs }) => afterMs).sort((a, b) => a - b);
  const ms = (value: number | undefined): string => `${Math.round(value ?? 0)} ms`.padStart(8);
  const bound = one.kind.withinMs;
  const late = bound === undefined ? 0 : times.filter((time) => time > bound).length;
  const promise = bound === undefined ? '' : `${bound} ms${late > 0 ? `, ${late} later` : ''}`;
  const right = told.filter((it) => it.right).length;
  const counts = `${String(told.length).padStart(5)} ${String(right).padStart(6)}`;
  return `${caseName(one).padEnd(34)} ${counts} ${ms(times[times.length >> 1])} ${ms(times.at(-1))}  ${promise}`;
}

if (import.meta.main) {
  const [runs = '20', ...names] = process.argv.slice(2);
  const chosen = cases.filter((one) => names.length === 0 || names.includes(one.kind.name));
  const right = await soak(Number(runs), chosen, (line) => void process.stdout.write(`${line}\n`));
  process.exitCode = right ? 0 : 1;
}
