// What a bisection over 128 commits costs: histories of 129 commits of which one changes an exact count, bisected by the real command.
// `node scripts/bench/bisect.ts [histories]` of a kernel of some lines; `node scripts/bench/bisect.ts own [histories]` of SynOS's own. Both ends
// were booted before, as a project has it that boots each release.
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { seededRandom } from '../../orchestrator/results/stats.ts';
import { git, toyHistory } from '../../tests/toy-kernel.ts';

const root = resolve(import.meta.dirname, '../..');
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const own = process.argv[2] === 'own';
const histories = Number(process.argv[own ? 3 : 2] ?? (own ? 1 : 10));
const commits = 128;

type Found = { boots: number; stored: number; commits: number; first: { subject: string } | null };
type Cost = Found & { seconds: number; buildSeconds: number };

const tool = (folder: string, args: readonly string[]): string => {
  const argv = [join(root, 'dist', 'synos.cjs'), ...args, '-C', folder];
  const { stdout, stderr, status } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.join(' ')} exited ${status}\n${stderr}`);
  return stdout;
};

function makeOwn(folder: string, culprit: number): void {
  cpSync(join(root, 'kernel'), join(folder, 'kernel'), { recursive: true });
  writeFileSync(join(folder, 'synos.yaml'), 'kernel:\n  kind: sources\n  dir: kernel\n');
  writeFileSync(join(folder, '.gitignore'), '.synos\nout\n');
  git(folder, ['init', '--quiet', '--initial-branch=trunk']);
  const source = join(folder, 'kernel/lib/crc32.c');
  for (let n = 0; n <= commits; n++) {
    if (n === culprit) {
      const text = readFileSync(source, 'utf8');
      writeFileSync(
        source,
        text.replace(/(for \([^)]*\)|while \([^)]*\)) *\{?/, (loop) =>
          loop.endsWith('{') ? `${loop} __asm__ volatile("nop");` : `${loop} __asm__ volatile("nop"),`,
        ),
      );
    }
    // Every commit is of other bytes.
    appendFileSync(source, `__attribute__((used)) static const char mark_${n}[] = "${n}";\n`);
    git(folder, ['add', '.']);
    git(folder, ['commit', '--quiet', '--message', `c${n}`]);
    git(folder, ['tag', `c${n}`]);
  }
}

function makeToy(folder: string, culprit: number): void {
  toyHistory(
    folder,
    Array.from({ length: commits + 1 }, (_, n) => ({ name: `c${n}`, work: n < culprit ? 100 : 101 })),
  );
}

const how = own
  ? { make: makeOwn, metric: ['lib', 'crc32'], words: ['--exact', '--append', 'test=none bench=lib'] }
  : { make: makeToy, metric: ['work'], words: [] };

function measure(seed: number): Cost {
  const folder = mkdtempSync(join(tmpdir(), 'synos-bench-bisect-'));
  try {
    const culprit = 1 + Math.floor(seededRandom(seed)() * commits);
    how.make(folder, culprit);
    for (const end of ['c0', `c${commits}`]) {
      execFileSync('git', ['-C', folder, 'checkout', '--quiet', end]);
      tool(folder, ['boot', '--no-report', ...how.words]);
    }
    const events = join(folder, '.synos', 'events');
    const started = Date.now();
    const question = ['bisect', ...how.metric, '--good', 'c0', '--bad', `c${commits}`, ...how.words];
    const found = JSON.parse(
      tool(folder, [...question, '--json', '--no-profile', '--events', events]),
    ) as Found;
    const seconds = (Date.now() - started) / 1000;
    if (found.first?.subject !== `c${culprit}`)
      throw new Error(`found ${found.first?.subject} in place of c${culprit}`);
    return { ...found, seconds, buildSeconds: builtFor(events) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Seconds of all tasks but boots. */
function builtFor(events: string): number {
  type Event = { type: string; task?: string; result?: { status: string; durationMs: number } };
  const ended = readFileSync(events, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Event)
    .filter(
      ({ type, task, result }) =>
        type === 'task.ended' && result?.status === 'ran' && !task?.startsWith('boot:'),
    );
  return ended.reduce((sum, { result }) => sum + (result?.durationMs ?? 0), 0) / 1000;
}

const costs = Array.from({ length: histories }, (_, seed) => measure(seed + 1));
const list = (of: (cost: Cost) => number): string => {
  const values = costs.map(of).sort((a, b) => a - b);
  return `${values[0]} to ${values.at(-1)}, median ${values[values.length >> 1]}`;
};
say(
  `${histories} histories of ${costs[0]?.commits} commits of ${own ? "SynOS's own kernel" : 'a tiny kernel'}: each culprit found`,
);
say(`  boots                     ${list(({ boots }) => boots)}`);
say(`  seconds                   ${list(({ seconds }) => seconds)}`);
say(`  seconds of building       ${list(({ buildSeconds }) => buildSeconds)}`);
