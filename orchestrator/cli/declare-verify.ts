// What `synos verify` takes.
import type { Command } from 'commander';
import { positive, withCommon } from './flags.ts';

export function declareVerify(command: Command): Command {
  return withCommon(command)
    .argument('<file>', 'an artefact in out/, or elsewhere with its record beside it')
    .description('check an artefact against the record of its build, file by file, or by building it again')
    .option(
      '--rebuild',
      'build it again with an empty cache in another folder, and compare bit for bit',
      false,
    )
    .option('-j, --jobs <n>', 'with --rebuild: run at most this many CPUs worth of tasks', positive)
    .option(
      '--offline',
      'with --rebuild: use no network; downloaded packages are hashed and used again',
      false,
    )
    .option('--events <file>', 'append every event to this file, one JSON document a line');
}
