// What commander parsed, as typed flags: the first of two steps from argument to meaning. Nothing is resolved here.
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ColorChoice } from '../ui/output.ts';

export type Flags = {
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color: ColorChoice;
  readonly json: boolean;
  /** The folder to work in, absolute. */
  readonly directory: string;
  readonly configFile: string | undefined;
  readonly set: readonly string[];
  readonly jobs: number | undefined;
  readonly dryRun: boolean;
  readonly keepGoing: boolean;
  readonly offline: boolean;
  readonly events: string | undefined;
};

/** Options that every command has. */
export function withCommon(command: Command): Command {
  return command
    .option('-q, --quiet', 'say only what went wrong', false)
    .option('-v, --verbose', 'say everything that happens', false)
    .addOption(
      new Option('--color <when>', 'use colour').choices(['auto', 'always', 'never']).default('auto'),
    )
    .option('--json', 'print one JSON document on standard output', false)
    .option('-C, --directory <dir>', 'work in this folder', '.')
    .option('--config <file>', 'read this file instead of synos.yaml')
    .option('--set <path=value>', 'set one value of the configuration (repeatable)', collect, []);
}

/** Options of the commands that run a plan. */
export function withWork(command: Command): Command {
  return withCommon(command)
    .option('-j, --jobs <n>', 'run at most this many CPUs worth of tasks', positive)
    .option('--dry-run', 'print the plan, run nothing', false)
    .option('-k, --keep-going', 'go on with what does not depend on a failure', false)
    .option('--offline', 'use no network: what is not cached is an error', false)
    .option('--events <file>', 'append every event to this file, one JSON document a line');
}

/** Options of the commands that judge. */
export function withRules(command: Command): Command {
  return command
    .option('--gate', 'exit 3 when a cost grew', false)
    .option('--floor <percent>', 'timed figures: less than this is no change (default: 5)', percent)
    .option('--alpha <percent>', 'timed figures: the chance of any false alarm in all (default: 1)', percent)
    .option('--tolerance <percent>', 'exact figures: up to this is equal (default: 0)', percent);
}

export function flagsOf(options: { readonly [name: string]: unknown }): Flags {
  const text = (name: string): string | undefined =>
    typeof options[name] === 'string' ? options[name] : undefined;
  return {
    quiet: options['quiet'] === true,
    verbose: options['verbose'] === true,
    color: (text('color') ?? 'auto') as ColorChoice,
    json: options['json'] === true,
    directory: resolve(text('directory') ?? '.'),
    configFile: text('config'),
    set: Array.isArray(options['set']) ? options['set'].map(String) : [],
    jobs: typeof options['jobs'] === 'number' ? options['jobs'] : undefined,
    dryRun: options['dryRun'] === true,
    keepGoing: options['keepGoing'] === true,
    offline: options['offline'] === true,
    events: text('events'),
  };
}

export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 10_000)
    throw new InvalidArgumentError('expected a whole number from 1 to 10000');
  return value;
}

export function percent(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 100))
    throw new InvalidArgumentError('expected a percentage from 0 to 100');
  return value;
}

/** For options that may be given several times. */
export function collect(text: string, before: readonly string[]): string[] {
  return [...before, text];
}
