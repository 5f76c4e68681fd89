// How long after a save `synos boot --watch` has its verdict: a function is added to one source of the kernel, some times over.
import { spawn } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const rounds = Number(process.argv[2] ?? 20);
const folder = mkdtempSync(join(tmpdir(), 'synos-watch-'));
cpSync(join(root, 'kernel'), join(folder, 'kernel'), { recursive: true });

const child = spawn(
  process.execPath,
  [join(root, 'dist', 'synos.cjs'), 'boot', '--watch', '--exact', '--append', 'test=none bench=none'],
  { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
);
const times: number[] = [];
let saves = 0;
child.stdout.setEncoding('utf8').on('data', (line: string) => {
  const seconds = /, ([\d.]+) m?s after the save/.exec(line);
  if (seconds) times.push(Number(seconds[1]) / (seconds[0].includes(' ms ') ? 1000 : 1));
  if (saves === rounds) child.kill('SIGINT');
  else setTimeout(save, 300);
});

function save(): void {
  const name = `crc32_round_${saves++}`;
  appendFileSync(join(folder, 'kernel/lib/crc32.c'), `int ${name}(void);\nint ${name}(void) { return 1; }\n`);
}

child.once('close', () => {
  rmSync(folder, { recursive: true, force: true });
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(2);
  process.stdout.write(
    `save to verdict, ${times.length} saves: median ${at(0.5)} s, least ${at(0)} s, most ${at(1)} s\n`,
  );
});
