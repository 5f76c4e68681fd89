// The command line of `synos bisect`.
import { type Command, InvalidArgumentError } from 'commander';
import { positive, withWork } from './flags.ts';

export function declareBisect(command: Command): Command {
  return withWork(command)
    .argument('[metric...]', "beginnings of words of its name, as `pair pool '4 KiB'`")
    .description('the commit that changed a metric, or with --verdict the first whose boot does not pass')
    .option('--good <rev>', 'a branch, tag or commit from before the change')
    .option('--bad <rev>', 'one from after it (default: HEAD)')
    .option('--verdict', 'look at how the boot ends, in place of a metric', false)
    .option('--machine <name>', 'on this machine of the configuration (default: its first)')
    .option('--exact', 'count instructions instead of time: one boot a commit decides')
    .option('--no-exact', 'measure time, also where a machine of the configuration counts')
    .option('--append <words>', "words for the end of the kernel's command line")
    .option('--threshold <value>', 'exact figures beyond this are bad (default: halfway)', figure)
    .option(
      '-n, --runs <n>',
      'timed: at most so many boots a side (default: 60); --verdict: so many must pass (default: 1)',
      positive,
    )
    .option('--all', 'exact: find every commit that changed the metric, not only the largest change', false)
    .option('--no-profile', 'exact: do not boot twice more to show where the instructions of the change went')
    .option('--first-parent', 'follow only the first parent of merges', false)
    .option(
      '--hold-config',
      'build every commit as the configuration says now (default: as its own says; machines are always taken from now)',
      false,
    )
    .option('--log <file>', 'write what was found for `git bisect replay`')
    .option('--continue', 'go on with the bisection that was stopped', false)
    .option('--reset', 'forget the bisection that was stopped', false);
}

function figure(text: string): number {
  const value = Number(text.replaceAll(',', ''));
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('expected a number');
  return value;
}
