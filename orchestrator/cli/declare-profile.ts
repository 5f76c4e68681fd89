// The options of `synos profile`.
import { type Command, Option } from 'commander';
import { positive, withWork } from './flags.ts';

export function declareProfile(command: Command): Command {
  return withWork(command)
    .argument(
      '[bench]',
      'only what is below this: a benchmark as `suite/name`, `name` or `suite`, or any function',
    )
    .description("where the guest kernel's instructions go, exactly: by function and by call path")
    .option('--machine <name>', 'a machine of the configuration (default: its first)')
    .option('--against <ref|file>', 'what differs since a branch, tag or commit, or a profile in a file')
    .addOption(
      new Option('--format <format>', 'print the profile for other tools').choices([
        'folded',
        'speedscope',
        'pprof',
        'json',
      ]),
    )
    .option('-o, --output <file>', 'write it there (default format: by the ending, else json)')
    .option('--append <words>', "words for the end of the kernel's command line")
    .option(
      '--limit <n>',
      'show at most so many functions, and about so many lines of the tree (default: 20)',
      positive,
    )
    .option('--no-report', 'write no report page');
}
