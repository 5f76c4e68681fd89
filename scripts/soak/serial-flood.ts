// A guest that prints for ever, as fast as its serial port takes it: how much memory does the one command that reads it need, and how is
// it told? The port's limit is set so high that the flood lasts.
//   node scripts/soak/serial-flood.ts [MIB, default 32] [how: plain, rules, terminal or follow, default plain]
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const [mib = '32', how = 'plain'] = process.argv.slice(2);
const ways: { readonly [how: string]: string } = {
  plain: '',
  follow: '',
  rules: `rules: {pass: 'never comes', fail: ['(x+x+)+y', 'no such line'], records: [{match: 'flood line (?P<value>[0-9]+)q', suite: f, name: f, metric: f, unit: ns}]}`,
  terminal: 'terminal: true',
};
const extra = ways[how];
if (extra === undefined) throw new Error(`not one of ${Object.keys(ways).join(', ')}: ${how}`);

const folder = mkdtempSync(join(tmpdir(), 'synos-flood-'));
try {
  cpSync(join(root, 'kernel'), join(folder, 'kernel'), { recursive: true });
  writeFileSync(
    join(folder, 'synos.yaml'),
    `machines: {flood: {accelerator: tcg, limits: {serialMib: ${mib}, seconds: 1200}, ${extra}}}\n`,
  );
  await synos(['build', 'kernel']);
  const words = ['boot', '--no-report', '--append'];
  await synos([...words, 'test=none bench=none']); // what is compiled and resolved once is not the flood's
  const { exit, out, peakMib } = await synos([
    ...words,
    'test=none bench=none fault=flood',
    ...(how === 'follow' ? ['-f'] : ['--json']),
  ]);
  const boot = how === 'follow' ? undefined : JSON.parse(out).boots[0];
  const log = statSync(join(folder, 'out/logs/flood.serial.log'));
  const seconds = boot ? Math.round(boot.timing.totalMs / 1000) : null;
  const told = { end: boot?.end ?? null, reason: boot?.reason ?? null };
  process.stdout.write(
    `${JSON.stringify({ how, exit, ...told, seconds, logMib: log.size / 2 ** 20, peakMib })}\n`,
  );
  // Its exit code is that of a guest that did not finish.
  process.exitCode = exit === 6 && peakMib <= 80 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

type Ran = { readonly exit: number | null; readonly out: string; readonly peakMib: number };

/** Runs the bundle; its peak is what the kernel says of it while it runs. */
async function synos(args: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, [join(root, 'dist/synos.cjs'), ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  let peakMib = 0;
  const look = setInterval(() => {
    peakMib = Math.max(peakMib, peakOf(child.pid));
  }, 20);
  const exit = await new Promise<number | null>((done) => child.once('close', (code) => done(code)));
  clearInterval(look);
  return { exit, out, peakMib };
}

function peakOf(pid: number | undefined): number {
  try {
    const kib = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return Math.round(Number(kib ?? 0) / 1024);
  } catch {
    return 0; // it is gone
  }
}
