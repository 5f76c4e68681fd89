// Times whole processes with their children, as the operating system accounts them. Commands to be compared take turns (A B A B ...),
// so that a machine that gets slower meanwhile makes all of them slower.
import { spawnSync } from 'node:child_process';

export type Sample = { cpu: number; wall: number };

/** Seconds of CPU (user + sys, waited-for children included) and of wall time of one run. Throws when it exits with another code. */
export function once(
  argv: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; exit?: number } = {},
): Sample {
  const script =
    'exec 3>&2; TIMEFORMAT=\'%U %S %R\'; { time "$@" >/dev/null 2>/tmp/synos-measure-err; } 2>&3; ';
  const { stderr, status } = spawnSync('bash', ['-c', script, 'bash', ...argv], {
    encoding: 'utf8',
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (status !== (options.exit ?? 0))
    throw new Error(`${argv.join(' ')} exited ${status}; see /tmp/synos-measure-err`);
  const [user = 0, system = 0, wall = 0] = (stderr.trim().split('\n').at(-1) ?? '').split(' ').map(Number);
  return { cpu: user + system, wall };
}

/** Runs the commands in turn, after one uncounted round, and gives the samples of each. */
export function inTurn(
  rounds: number,
  commands: { readonly [name: string]: () => Sample },
): Map<string, Sample[]> {
  const samples = new Map(Object.keys(commands).map((name) => [name, [] as Sample[]]));
  for (let round = -1; round < rounds; round++) {
    for (const [name, command] of Object.entries(commands)) {
      const sample = command();
      if (round >= 0) samples.get(name)?.push(sample);
    }
  }
  return samples;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

export function row(name: string, values: readonly number[], unit: string): string {
  const show = (value: number): string => value.toFixed(3).padStart(8);
  return `${name.padEnd(34)} min ${show(Math.min(...values))}  median ${show(median(values))}  max ${show(Math.max(...values))} ${unit}`;
}
