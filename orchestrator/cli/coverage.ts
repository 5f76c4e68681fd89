// `synos coverage`: boots machines with a plugin in QEMU that counts each instruction, and says which lines and functions of the kernel ran.
import { join, relative, resolve } from 'node:path';
import type { Coverage } from '../../core/coverage.ts';
import type { Failure } from '../../core/failure.ts';
import { checkOutFile, writeWithFolder } from '../../core/out-file.ts';
import { loadPlugin, pipeline } from '../plan/pipeline.ts';
import { lcovText } from '../results/coverage/lcov.ts';
import { storedCoverage } from '../results/coverage/stored.ts';
import { coverageText, uncoveredText } from '../results/coverage/text.ts';
import { percentOf, totalsOf } from '../results/coverage/totals.ts';
import { gitFacts } from '../results/provenance.ts';
import { columnsOf, styleFor, writeErr, writeOut } from '../ui/output.ts';
import { keepRun, machinesOf, runOf } from './boot.ts';
import { collectBoots } from './booted.ts';
import { type Options, showPlan } from './build.ts';
import { endWith } from './exit.ts';
import type { Flags } from './flags.ts';
import { execute } from './run-here.ts';
import { openSession, type Session } from './session.ts';
import { version } from './version.ts';

export async function coverage(flags: Flags, args: readonly string[], options: Options): Promise<number> {
  const asked = lcovFile(options['lcov']);
  const session = await openSession(flags, 'coverage', version());
  const story = pipeline(session, {
    targets: [],
    boots: {
      machines: machinesOf(session, args),
      // The same counts in every run, and hardly dearer than a timed one.
      exact: true,
      runs: 1,
      commandLine: typeof options['append'] === 'string' ? options['append'] : '',
      plugin: await loadPlugin('coverage'),
    },
  });
  if (flags.dryRun) return showPlan(flags, story.plan);
  try {
    const git = gitFacts(session.tree);
    const executed = await execute(session, flags, story.plan);
    const booted = collectBoots(session, executed, story);
    await session.close();
    const run = runOf(session, executed, { ...booted, git: await git });
    const found = storedCoverage(run, session.tree);
    if (!found) return endWith(booted.failures, flags.json);
    writeLcov(session, found, asked, flags.quiet);
    await keepRun(session, flags, run, {
      page: options['report'] !== false,
      json: JSON.stringify(found),
      show: async () => show(found, flags, options),
    });
    const low = belowLeast(found, options['min']);
    return endWith([...booted.failures, ...(low ? [low] : [])], false);
  } finally {
    await session.close();
  }
}

function show(found: Coverage, flags: Flags, options: Options): void {
  const view = { columns: columnsOf(process.stdout), style: styleFor(process.stdout), all: flags.verbose };
  writeOut(options['uncovered'] === true ? uncoveredText(found, view) : coverageText(found, view));
}

// Told before anything is booted.
function lcovFile(asked: unknown): string | undefined {
  if (typeof asked !== 'string') return undefined;
  const file = resolve(asked);
  checkOutFile(file);
  return file;
}

function writeLcov(session: Session, found: Coverage, asked: string | undefined, quiet: boolean): void {
  const text = lcovText(found);
  const own = join(session.out, 'coverage', 'coverage.info');
  for (const file of [own, ...(asked === undefined ? [] : [asked])]) {
    writeWithFolder(file, text);
    if (!quiet) writeErr(`lcov: ${relative(process.cwd(), file)}`);
  }
}

function belowLeast({ files }: Coverage, least: unknown): Failure | undefined {
  const { all, ran } = totalsOf(files).lines;
  const percent = percentOf({ all, ran }) ?? 0;
  if (typeof least !== 'number' || (all > 0 && (ran / all) * 100 >= least)) return undefined;
  return { code: 'coverage.low', percent, least, lines: all, ran };
}
