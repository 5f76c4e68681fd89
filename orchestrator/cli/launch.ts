#!/usr/bin/env node
// What `synos` starts: makes sure of Node 24, turns the compile cache on, and loads the rest. Bundled as CommonJS, because Node's loader
// for modules costs 15 to 40 ms of CPU before the first line of ours runs.
import module from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

const oldest = 24;

if (Number(process.versions.node.split('.')[0]) < oldest) void restart();
else start();

function start(): void {
  // Compiled code is kept between runs; a folder that cannot be written only costs time.
  module.enableCompileCache?.(
    join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'synos', 'node'),
  );
  void import('./main.ts').then(({ main }) => main(process.argv));
}

// An older Node found the command (a global link, say): go on in the Node 24 that SynOS brings along.
async function restart(): Promise<void> {
  const { spawnSync } = await import('node:child_process');
  const { existsSync } = await import('node:fs');
  const { fileURLToPath } = await import('node:url');
  const here = dirname(fileURLToPath(import.meta.url));
  const node = join(here, '..', 'node_modules', 'node', 'bin', 'node');
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
