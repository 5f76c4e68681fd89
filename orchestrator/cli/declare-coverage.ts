// What `synos coverage` takes.
import type { Command } from 'commander';
import { percent, withWork } from './flags.ts';

export function declareCoverage(command: Command): Command {
  return withWork(command)
    .argument('[machine...]', 'machines of the configuration, added up (default: its first)')
    .description('which lines and functions of the kernel ran while it booted, tested and measured itself')
    .option('--append <words>', "words for the end of the kernel's command line")
    .option('--uncovered', 'list the lines and functions that never ran, file by file', false)
    .option('--lcov <file>', 'write lcov to this file, too (always: out/coverage/coverage.info)')
    .option('--min <percent>', 'exit 1 when fewer of the lines ran', percent)
    .option('--no-report', 'write no report page');
}
