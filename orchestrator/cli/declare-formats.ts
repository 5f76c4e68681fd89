// The options of `synos import` and `synos export`.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { formatNames } from '../results/formats/list.ts';
import { collect, withCommon } from './flags.ts';

const format = (): Option => new Option('-f, --format <format>', 'of the file').choices(formatNames);

export function declareImport(command: Command): Command {
  return withCommon(command)
    .argument('<file...>', 'result files; - for standard input')
    .description("store other tools' results as runs, so that history, compare and report work on them")
    .addOption(format().default(undefined, 'by what is in it'))
    .option('--machine <name>', "the name that their history has (default: the format's)", machine)
    .option('--unit <name=unit>', "what a unit of the file's is, as KB=KiB (repeatable)", collect, [])
    .option('--dry-run', 'read and check them, store nothing', false);
}

export function declareExport(command: Command): Command {
  return withCommon(command)
    .argument('[run]', 'a stored run, `last`, `last~N` or a result file', 'last')
    .description("write a stored run in another tool's format")
    .addOption(format().makeOptionMandatory())
    .option('-o, --output <file>', 'write to this file (default: standard output)');
}

function machine(text: string): string {
  if (!/^[A-Za-z0-9][\w.:+-]{0,99}$/.test(text))
    throw new InvalidArgumentError('expected a name of letters, digits and _.:+-');
  return text;
}
