// The command line: which commands there are and what they take. Each command's code is loaded when it runs, so that `--help` is quick.
import { Command, CommanderError, Option } from 'commander';
import { type ColorChoice, setColor } from '../ui/output.ts';
import { declareBisect } from './declare-bisect.ts';
import { declareCi } from './declare-ci.ts';
import { declareCoverage } from './declare-coverage.ts';
import { declareExport, declareImport } from './declare-formats.ts';
import { declareDiff, declareSbom, declareSize } from './declare-image.ts';
import { declareLock } from './declare-lock.ts';
import { declareProfile } from './declare-profile.ts';
import { declareVerify } from './declare-verify.ts';
import { ending } from './exit.ts';
import {
  collect,
  type Flags,
  flagsOf,
  instructions,
  percent,
  positive,
  withCommon,
  withRules,
  withWork,
} from './flags.ts';
import { version } from './version.ts';

type Work = (
  flags: Flags,
  args: readonly string[],
  options: { readonly [name: string]: unknown },
) => Promise<number>;

/** Runs one command line; sets the exit code, never throws. */
export async function main(argv: readonly string[]): Promise<void> {
  // A reader that went away (`synos help boot | head`) ends the command quietly, as for any Unix tool.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  const program = makeProgram(argv[2]);
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // commander has said what is wrong; help and version are no errors.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  }
}

/** With a command's name only that one is declared: each option costs a start 50 us. Any other word gets all, for help and for suggestions. */
export function makeProgram(only?: string): Command {
  const program = new Command('synos')
    .description(
      "From a bare-metal kernel's source to trusted numbers: build, boot under QEMU, harvest, judge.",
    )
    .version(version(), '-V, --version')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`synos: ${text}`) })
    .showSuggestionAfterError()
    .helpCommand('help [command]', 'show help for a command')
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 the work failed, 2 wrong usage, 3 the gate found a regression,\n4 this machine lacks something, 6 the guest did not finish, 7 a result is incomplete, 130 interrupted.\nStart with: synos doctor, then synos build, then synos boot.',
    );
  const declarations = { ...works, ...views };
  const chosen = only !== undefined && Object.hasOwn(declarations, only) ? [only] : Object.keys(declarations);
  for (const name of chosen) declarations[name]?.(program.command(name));
  if (chosen.length > 1) declareComplete(program);
  return program;
}

type Declarations = { readonly [command: string]: (command: Command) => Command };

const works: Declarations = {
  init: (command) =>
    withCommon(command)
      .description(
        "look at a kernel's repository (make, cargo, CMake, meson, scripts, images) and write a synos.yaml for it",
      )
      .option('--dry-run', 'print it, write nothing', false)
      .option('--force', 'write over a synos.yaml that is there', false)
      .action(runs(async () => (await import('./init.ts')).init)),
  build: (command) =>
    withWork(command)
      .argument('[target]', 'kernel, iso, disk or all', 'all')
      .description('build the kernel and the image; only what changed')
      .addOption(
        new Option(
          '-f, --format <format...>',
          'of the image: one that boots, or its root file system alone (default: `iso.formats`)',
        ).choices(['iso', 'disk', 'squashfs', 'tar', 'oci-layout']),
      )
      .option('--recheck', 'read every cached file again instead of trusting its size and time', false)
      .option('--update-lock', 'lock anew and go on when a mirror no longer has a locked package', false)
      .action(runs(async () => (await import('./build.ts')).build)),
  boot: (command) =>
    withWork(command)
      .argument('[machine...]', 'machines of the configuration (default: its first)')
      .description('build what is stale, boot machines, harvest their records, store and show the run')
      .option('--matrix <name>', 'boot every cell of a matrix of the configuration, with one line a cell')
      .option('--exact', 'count instructions instead of time (icount): the same numbers every time')
      .option('--no-exact', 'measure time, also where a machine of the configuration counts')
      .option('--append <words>', "words for the end of the kernel's command line")
      .option(
        '--trace <file>',
        'replay an allocation trace (AT1, plain or .xz) on every allocator in the kernel (repeatable)',
        collect,
        [],
      )
      .option('-f, --follow', 'show the serial port as it is written', false)
      .option('-n, --runs <n>', 'boot each machine this often', positive)
      .option(
        '--dump',
        'keep the memory of a guest that does not pass, as out/dumps/MACHINE.elf for gdb',
        false,
      )
      .option('--gdb', 'start the machine stopped, and wait for a debugger', false)
      .option(
        '--budget <n>',
        'stop the guest behind so many instructions, at the same one every time (exact)',
        instructions,
      )
      .option('--record', 'record an exact run with all that is typed at it, as out/replay/MACHINE.rr', false)
      .option('--replay [file]', "run again from a recording (default: the machine's in out/replay/)")
      .option('--snapshot', 'boot once until the machine is ready, and start every run from there', false)
      .option('-i, --interactive', "the terminal is the guest's serial console; Ctrl-A h for help", false)
      .option('-w, --watch', 'boot again at each save, and say how long after it the verdict came', false)
      .option('--no-report', 'write no report page')
      .action(runs(async () => (await import('./boot.ts')).boot)),
  bench: declareBench,
  profile: (command) =>
    declareProfile(command).action(runs(async () => (await import('./profile.ts')).profile)),
  bisect: (command) => declareBisect(command).action(runs(async () => (await import('./bisect.ts')).bisect)),
  ci: (command) => declareCi(command).action(runs(async () => (await import('./ci.ts')).ci)),
  coverage: (command) =>
    declareCoverage(command).action(runs(async () => (await import('./coverage.ts')).coverage)),
  lock: (command) => declareLock(command).action(runs(async () => (await import('./lock.ts')).lock)),
};

const views: Declarations = {
  compare: (command) =>
    withRules(withCommon(command))
      .argument('<before>', 'a stored run, `last`, `last~N`, a commit or a result file; several with commas')
      .argument('<now>', 'the same')
      .description('compare runs metric by metric, with a verdict each')
      .action(runs(async () => (await import('./compare.ts')).compare)),
  import: (command) =>
    declareImport(command).action(runs(async () => (await import('./import.ts')).importFiles)),
  export: (command) =>
    declareExport(command).action(runs(async () => (await import('./export.ts')).exportRun)),
  history: (command) =>
    withCommon(command)
      .argument('[metric...]', "beginnings of words of its name, as `pair pool '4 KiB'` (default: all)")
      .description('how metrics went over the stored runs, with the runs and commits at which they changed')
      .option('--machine <name>', 'of this machine (default: the one that booted last)')
      .option('--exact', 'only runs that counted instructions')
      .option('--no-exact', 'only runs that measured time')
      .option(
        '--group <n>',
        'of this group of runs: other compiler or command line (default: the last)',
        positive,
      )
      .option('--limit <n>', 'the latest runs (default: 200)', positive)
      .option('--floor <percent>', 'timed figures: less than this is no change (default: 5)', percent)
      .action(runs(async () => (await import('./history.ts')).history)),
  report: (command) =>
    withCommon(command)
      .argument('[run]', 'a stored run: its id, `last~N` or a commit (default: the last)')
      .description('show a stored run; with --html as a page that stands alone')
      .option('--html <file>', 'write the page to this file')
      .action(runs(async () => (await import('./report.ts')).report)),
  size: (command) => declareSize(command).action(runs(async () => (await import('./size.ts')).size)),
  diff: (command) => declareDiff(command).action(runs(async () => (await import('./diff.ts')).diff)),
  sbom: (command) => declareSbom(command).action(runs(async () => (await import('./sbom.ts')).sbom)),
  doctor: (command) =>
    withCommon(command)
      .description('what this machine has, what it lacks, and what really runs a guest')
      .option('--fix', 'install what is missing (root)', false)
      .action(runs(async () => (await import('./doctor.ts')).doctor)),
  verify: (command) => declareVerify(command).action(runs(async () => (await import('./verify.ts')).verify)),
  clean: (command) =>
    withCommon(command)
      .description('remove the outputs (out/), and nothing else')
      .option('--cache', 'the build cache, too; stored runs stay', false)
      .option('--dry-run', 'say what would be removed', false)
      .action(runs(async () => (await import('./clean.ts')).clean)),
  config: (command) =>
    withCommon(command)
      .description('print each value of the configuration with where it came from')
      .action(runs(async () => (await import('./config.ts')).config)),
  schema: (command) =>
    withCommon(command)
      .argument('[name]', 'which schema; without a name the list')
      .description('print a JSON Schema that SynOS ships')
      .action(runs(async () => (await import('./schema.ts')).schema)),
  completion: (command) =>
    withCommon(command)
      .argument('<shell>', 'bash, zsh or fish')
      .description('print a completion script for a shell')
      .action(runs(async () => (await import('./completion.ts')).completion)),
};

function declareBench(bench: Command): Command {
  withWork(bench.command('host'))
    .description(
      "time the kernel's allocators as a program of this machine, in turns with glibc, mimalloc, jemalloc and tcmalloc",
    )
    .option('--rounds <n>', 'how often each is asked in turn; the least and the median are shown', positive)
    .option('--trace <file...>', 'allocation traces (AT1, also as .xz) to run as well')
    .option('--workload <name...>', 'only these workloads, and the traces (default: all of them)')
    .action(runs(async () => (await import('./bench.ts')).benchHost));
  return withRules(withWork(bench))
    .argument('[machine...]', 'machines of the configuration (default: its first)')
    .description('boot the tree as it is and a revision of it in turns, and compare them metric by metric')
    .option('--against <ref>', 'a branch, tag or commit to build and boot as well')
    .option('--self-test', 'boot the tree against itself, and say how often the gate errs here', false)
    .option('-n, --runs <n>', 'timed machines: at most so many boots a side (default: 100)', positive)
    .option('--exact', 'count instructions instead of time: one boot a side decides')
    .option('--no-exact', 'measure time, also where a machine of the configuration counts')
    .option('--append <words>', "words for the end of the kernel's command line")
    .action(runs(async () => (await import('./bench-against.ts')).benchAgainst));
}

function declareComplete(program: Command): void {
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .action(async (words: string[]) => {
      await ending(false, async () => (await import('./completion.ts')).complete(makeProgram(), words));
    });
}

// What commander calls an action with: arguments, then options, then the command.
function runs(load: () => Promise<Work>): (...given: unknown[]) => Promise<void> {
  return async (...given) => {
    const command = given.at(-1) as Command;
    const options = command.optsWithGlobals<{ [name: string]: unknown }>();
    const flags = flagsOf(options);
    setColor(flags.color as ColorChoice);
    await ending(flags.json, async () => (await load())(flags, command.args, options));
  };
}
