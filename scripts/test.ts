// `npm test`: every kind of test after one another, and one closing line that adds them up: `N passed, N failed`.
// Names of suites as arguments run only those: hosted, vitest, check.
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Count = { passed: number; failed: number; skipped: number };
type Suite = { name: string; run(): Promise<Count> };

const none: Count = { passed: 0, failed: 0, skipped: 0 };

const suites: readonly Suite[] = [
  { name: 'hosted', run: hosted },
  { name: 'vitest', run: vitest },
  { name: 'check', run: check },
];

/** mm/ and lib/ of the kernel on this machine, under the sanitizers of both compilers; prints KTAP. */
async function hosted(): Promise<Count> {
  let sum = none;
  for (const compiler of ['gcc', 'clang']) {
    const { exit, output } = await command([
      'make',
      '-s',
      '-j2',
      '-C',
      'kernel/test/hosted',
      `CC=${compiler}`,
      'check',
    ]);
    const passed = (output.match(/^\s+ok \d/gm) ?? []).length;
    const failed = (output.match(/^\s+not ok \d/gm) ?? []).length;
    // A run that printed no test, or that a sanitizer ended, has failed whatever it counted.
    sum = add(sum, { passed, failed: failed === 0 && (exit !== 0 || passed === 0) ? 1 : failed, skipped: 0 });
  }
  return sum;
}

async function vitest(): Promise<Count> {
  const file = join(tmpdir(), `synos-vitest-${process.pid}.json`);
  const { exit } = await command([
    'vitest',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
  ]);
  try {
    const report = JSON.parse(readFileSync(file, 'utf8')) as {
      numPassedTests: number;
      numFailedTests: number;
      numPendingTests: number;
    };
    const failed = report.numFailedTests;
    return {
      passed: report.numPassedTests,
      failed: failed === 0 && exit !== 0 ? 1 : failed,
      skipped: report.numPendingTests,
    };
  } catch {
    return { ...none, failed: 1 };
  } finally {
    rmSync(file, { force: true });
  }
}

/** Types, lint, layers, dead code, C warnings and format: each is one. */
async function check(): Promise<Count> {
  const setup = await command(['sh', 'scripts/setup', 'check']);
  if (setup.exit !== 0) return { ...none, failed: 1 };
  const { exit, output } = await command(['sh', 'scripts/check']);
  const passed = (output.match(/^ok {6}/gm) ?? []).length;
  const failed = (output.match(/^FAILED /gm) ?? []).length;
  return { passed, failed: failed === 0 && (exit !== 0 || passed === 0) ? 1 : failed, skipped: 0 };
}

async function command(argv: readonly string[]): Promise<{ exit: number; output: string }> {
  process.stdout.write(`\n$ ${argv.join(' ')}\n`);
  const child = spawn(argv[0] as string, argv.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      process.stdout.write(text);
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exit) => resolve({ exit: exit ?? 1, output }));
  });
}

function add(a: Count, b: Count): Count {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !suites.some((suite) => suite.name === name));
if (unknown !== undefined)
  throw new Error(`there is no suite ${unknown}; known: ${suites.map((suite) => suite.name).join(', ')}`);
let total = none;
for (const suite of suites) {
  if (wanted.length > 0 && !wanted.includes(suite.name)) continue;
  const started = performance.now();
  const count = await suite.run();
  process.stdout.write(
    `${suite.name}: ${count.passed} passed, ${count.failed} failed (${Math.round((performance.now() - started) / 1000)} s)\n`,
  );
  total = add(total, count);
}
process.stdout.write(
  `\n${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}\n`,
);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
