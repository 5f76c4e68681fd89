// What `synos lock` takes.
import { type Command, Option } from 'commander';
import { withWork } from './flags.ts';

export function declareLock(command: Command): Command {
  return withWork(command)
    .description(
      'resolve the package lists against the signed indexes of the archives and write synos.lock; what is locked stays at its version while an archive has it',
    )
    .option('--check', 'say what would change, write nothing; exit 1 when something would', false)
    .addOption(
      new Option('--upgrade', 'take the newest version of everything').default(false).conflicts('update'),
    )
    .option('--update <name...>', 'take the newest version of these, and move only what they then need')
    .option('--accept-older', 'take an index that is older than one that the lock has seen', false)
    .option('--why <name>', 'say which list a locked package comes from, and by which way; asks no mirror');
}
