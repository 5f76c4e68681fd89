// `synos import FILE...`: results of other tools, and of SynOS elsewhere, become stored runs. All files are read before any is stored.
import { join } from 'node:path';
import { SynosError } from '../../core/failure.ts';
import { unitNamed } from '../../core/figure.ts';
import { stringifyExact } from '../../core/json-exact.ts';
import { nearest } from '../../core/near.ts';
import { units } from '../../core/record.ts';
import { count } from '../../core/words.ts';
import { loadConfig } from '../config/load.ts';
import type { FormatName } from '../results/formats/list.ts';
import { withoutFiles } from '../results/formats/synos-run.ts';
import type { SaidUnits, UnitOf } from '../results/formats/units.ts';
import type { RunId, StoredRun } from '../results/run.ts';
import { openStore, type Store } from '../results/store.ts';
import { writeErr, writeOut } from '../ui/output.ts';
import type { Options } from './build.ts';
import type { Flags } from './flags.ts';
import { runOfFile } from './result-file.ts';
import { homeOf, layersOf } from './session.ts';

type Imported = { readonly run: StoredRun; readonly id: RunId; readonly stored: boolean };

export async function importFiles(flags: Flags, files: readonly string[], options: Options): Promise<number> {
  const { tree } = loadConfig(layersOf(flags));
  const runs: StoredRun[] = [];
  for (const file of files) runs.push(await runOfFile(file, fileOptions(options)));
  // The order in which a store has runs is that of its history.
  runs.sort((a, b) => (a.startedAt < b.startedAt ? -1 : a.startedAt > b.startedAt ? 1 : 0));
  const imported = options['dryRun'] === true ? runs.map(unstored) : await storeAll(tree, runs);
  if (flags.json) writeOut(stringifyExact({ schema: 'synos.import/1', runs: imported.map(rowOf) }));
  else if (!flags.quiet) for (const one of imported) tell(one, options['dryRun'] === true);
  return 0;
}

const unstored = (run: StoredRun): Imported => ({ run, id: run.id, stored: false });

function fileOptions(options: Options) {
  const said = Array.isArray(options['unit']) ? options['unit'].map(String) : [];
  return {
    format: options['format'] as FormatName | undefined,
    machine: typeof options['machine'] === 'string' ? options['machine'] : undefined,
    units: new Map(said.map(saidUnit)) satisfies SaidUnits,
  };
}

function saidUnit(text: string): [string, UnitOf] {
  const at = text.lastIndexOf('=');
  const unit = unitNamed(text.slice(at + 1));
  if (at < 0)
    throw new SynosError({ code: 'usage', message: `--unit ${text} has no =`, hint: 'as in --unit KB=KiB' });
  if (unit) return [text.slice(0, at), unit];
  const name = text.slice(at + 1);
  throw new SynosError({
    code: 'name.unknown',
    kind: 'unit',
    name,
    near: nearest(name, units),
    where: `--unit ${text}`,
  });
}

async function storeAll(tree: string, runs: readonly StoredRun[]): Promise<Imported[]> {
  const store = await openStore(join(homeOf(tree), 'runs.sqlite'));
  try {
    const known = runs.map((run) => knownAs(store, run));
    return runs.map((run, index) => {
      const id = known[index];
      return id === undefined ? { run, id: store.addRun(run).id, stored: true } : { run, id, stored: false };
    });
  } finally {
    store.close();
  }
}

/** The run that this file is already; a run of SynOS is known by its id. */
function knownAs(store: Store, run: StoredRun): RunId | undefined {
  const { imported, boots } = run;
  if (imported?.format !== 'synos') return store.importedAs(imported?.digest ?? '', boots[0]?.machine ?? '');
  const there = store.run(run.id);
  if (!there) return undefined;
  if (essence(there) === essence(run)) return run.id;
  throw new SynosError({
    ...{ code: 'result.invalid', path: imported.file, place: '' },
    reason: `another run is stored as ${run.id}, and stored runs never change`,
  });
}

// What stays behind when a run moves is no difference.
function essence({ imported: _, boots, ...run }: StoredRun): string {
  return stringifyExact({ ...run, boots: boots.map(withoutFiles) });
}

const figuresOf = ({ boots }: StoredRun): number =>
  boots.reduce((sum, { records }) => sum + records.length, 0);

function rowOf({ run, id, stored }: Imported): object {
  const { tests } = run.boots[0] ?? { tests: { passed: 0, failed: 0, skipped: 0 } };
  return {
    ...{ run: id, stored, file: run.imported?.file, format: run.imported?.format },
    ...{
      machine: run.boots[0]?.machine ?? null,
      startedAt: run.startedAt,
      boots: run.boots.length,
      figures: figuresOf(run),
    },
    tests: { passed: tests.passed, failed: tests.failed, skipped: tests.skipped },
    notes: notesOf(run),
  };
}

// Behind the first line of evidence, which is the file's digest.
const notesOf = ({ boots, imported }: StoredRun): readonly string[] =>
  imported?.format === 'synos' ? [] : (boots[0]?.evidence.slice(1) ?? []);

function tell({ run, id, stored }: Imported, dry: boolean): void {
  const { tests } = run.boots[0] ?? {};
  const [machine] = run.boots.map((boot) => boot.machine);
  const tested = tests ? tests.passed + tests.failed + tests.skipped : 0;
  const parts = [
    count(figuresOf(run), 'figure'),
    ...(run.boots.length > 1 ? [count(run.boots.length, 'repetition')] : []),
    ...(tested > 0 ? [`${count(tested, 'test')}, ${tests?.failed ?? 0} failed`] : []),
  ];
  const how = dry ? 'would be a run' : stored ? `run ${id}` : `already stored as ${id}`;
  writeOut(
    `${run.imported?.file} (${run.imported?.format}): ${how}, machine ${machine}, ${parts.join(', ')}`,
  );
  for (const note of notesOf(run)) writeErr(`  ${note}`);
}
