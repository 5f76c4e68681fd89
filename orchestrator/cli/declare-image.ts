// The options of the commands that look into an image: `synos sbom`, `synos size`, `synos diff`.
import { type Command, Option } from 'commander';
import { withCommon } from './flags.ts';

const image = 'an ISO, a squashfs with its manifest beside it, or a folder with one (default: out/)';

export function declareSbom(command: Command): Command {
  return withCommon(command)
    .argument('[image]', image)
    .description('write the bill of materials of an image: packages, licences, digests, who needs whom')
    .addOption(
      new Option(
        '-f, --format <format>',
        'one, to standard output (default: both, beside the image)',
      ).choices(['cyclonedx', 'spdx']),
    )
    .option('-o, --output <file>', 'with --format: write to this file');
}

export function declareSize(command: Command): Command {
  return withCommon(command)
    .argument('[image]', image)
    .description('what makes an image large: packages, groups, kinds of files, folders, and what could go')
    .option('--html <file>', 'write it as a page with a map of all packages and folders');
}

export function declareDiff(command: Command): Command {
  return withCommon(command)
    .argument('<before>', 'an ISO, a squashfs with its manifest beside it, or a folder with one')
    .argument('[now]', 'the same (default: out/)')
    .description('what differs between two images: packages, files, sizes')
    .option('--check', 'exit 1 when they differ', false);
}
