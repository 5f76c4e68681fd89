// A control group for a command: all processes that it starts stay in it, in whatever session or namespace, until they are gone.
import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export type Group = {
  /** A command line that enters the group and becomes this one. */
  under(argv: readonly string[]): string[];
  /** Process ids of those that are in it. */
  processes(): string[];
  /** Seconds of CPU time, user and system, of all that ever were in it. */
  cpu(): number;
  /** It goes when its last process is gone, which may be a moment later. */
  remove(): Promise<void>;
};

// Either version; the second counts CPU time without being asked to.
const top = ['/sys/fs/cgroup/cpuacct', '/sys/fs/cgroup'].find(
  (folder) => existsSync(join(folder, 'cpuacct.usage')) || existsSync(join(folder, 'cgroup.controllers')),
);
let count = 0;

/** Throws where this machine has none, or this user may not make one. */
export function newGroup(): Group {
  if (!top) throw new Error('no control groups here (/sys/fs/cgroup): processes cannot be kept track of');
  const folder = join(top, `synos-${process.pid}-${count++}`);
  mkdirSync(folder);
  return {
    under: (argv) => ['sh', '-c', 'echo $$ >"$0/cgroup.procs"; exec "$@"', folder, ...argv],
    processes: () => read(join(folder, 'cgroup.procs')).split('\n').filter(Boolean),
    cpu() {
      const first = read(join(folder, 'cpuacct.usage'));
      if (first !== '') return Number(first) / 1e9;
      return Number(/^usage_usec (\d+)$/m.exec(read(join(folder, 'cpu.stat')))?.[1] ?? 0) / 1e6;
    },
    async remove() {
      for (let tries = 0; tries < 50; tries++) {
        try {
          rmdirSync(folder);
          return;
        } catch {
          await sleep(100);
        }
      }
    },
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
