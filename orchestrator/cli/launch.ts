#!/usr/bin/env node
// What `synos` starts: makes sure of Node 24, and runs the bundle with the code that is compiled already. Bundled as CommonJS, because
// Node's loader for modules costs 15 to 40 ms of CPU before the first line of ours runs.
import { dirname, join } from 'node:path';
import { userCache } from '../../core/user-cache.ts';
import { codeCache, commandName } from './code-cache.ts';

const oldest = 24;
/** Endings after work: others (usage, something missing, an interrupt) compiled too little to be worth keeping. */
const worthKeeping: ReadonlySet<unknown> = new Set([undefined, 0, 1, 6, 7]);

if (Number(process.versions.node.split('.')[0]) < oldest) void restart();
else start();

function start(): void {
  const command = commandName(process.argv.slice(2));
  const code = codeCache(join(userCache(), 'code', __dirname), command ?? '');
  const { main } = code.run(join(__dirname, 'main.cjs')) as typeof import('./main.ts');
  process.on('exit', () => {
    if (command !== undefined && worthKeeping.has(process.exitCode)) code.keep();
  });
  void main(process.argv);
}

// An older Node found the command (a global link, say): go on in the Node 24 that SynOS brings along.
async function restart(): Promise<void> {
  const { spawnSync } = await import('node:child_process');
  const { existsSync } = await import('node:fs');
  const node = join(dirname(__dirname), 'node_modules', 'node', 'bin', 'node');
  if (!existsSync(node)) {
    process.stderr.write(
      `synos: error: Node ${oldest} or newer is needed, this is ${process.version}\n  next: run scripts/setup, or install Node ${oldest}\n`,
    );
    process.exitCode = 4;
    return;
  }
  const { status, signal } = spawnSync(node, process.argv.slice(1), { stdio: 'inherit' });
  if (signal) process.kill(process.pid, signal);
  process.exitCode = status ?? 1;
}
