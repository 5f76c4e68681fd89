// What `synos ci` takes.
import { type Command, Option } from 'commander';
import { positive, withWork } from './flags.ts';

export function declareCi(command: Command): Command {
  return withWork(command)
    .argument('[machine...]', 'machines of the configuration (default: ci.machines, else its first)')
    .description(
      'the pipeline job: build, boot, tests in the kernel, baseline, benchmarks, gate; and a folder of reports for CI systems',
    )
    .option(
      '--against <ref>',
      'the branch that the changes go into (default: as the CI system says, else ci.against)',
    )
    .addOption(
      new Option(
        '--baseline <how>',
        'where its figures come from: stored runs, boots here and now, or none at all',
      )
        .choices(['auto', 'stored', 'boot', 'none'])
        .default('auto'),
    )
    .option('--matrix <name>', 'boot every cell of this matrix as well (default: ci.matrix)')
    .option('--exact', 'count instructions instead of time (icount)')
    .option('--no-exact', 'measure time, also where a machine of the configuration counts')
    .option('--no-gate', 'say what is slower, and exit 0 all the same')
    .option('-n, --runs <n>', 'timed machines: at most so many boots a side (default: 100)', positive)
    .option('--append <words>', "words for the end of the kernel's command line")
    .option('--out <dir>', 'write the reports into this folder (default: out/ci)');
}
