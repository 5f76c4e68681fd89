// JSON Schemas (draft 2020-12) of the documents that commands print with --json. Tests hold real outputs against them.
import { runSchema } from '../results/schema.ts';
import { bisect, bisectPlan } from './schema-bisect.ts';
import { ci } from './schema-ci.ts';
import { diff, sbom, size } from './schema-image.ts';
import { exported, imported } from './schema-import.ts';
import {
  count,
  digest,
  document,
  flag,
  list,
  maybe,
  number,
  object,
  type Schema,
  text,
} from './schema-parts.ts';
import { profileFile, profileView } from './schema-profile.ts';
import { comparison, history, selfTest } from './schema-series.ts';
import { verified } from './schema-verify.ts';

const error = object({
  code: text('one of docs/errors.md'),
  message: text('what, where and why'),
  next: maybe(text('the next step')),
  exit: count('exit code'),
});

const taskStatus: Schema = {
  enum: ['ran', 'cached', 'failed', 'skipped'],
  description: 'how the task ended',
};

const packageChange = object({
  name: text('package'),
  from: maybe(text('version before; null when it is new')),
  to: maybe(text('version now; null when it is gone')),
  fromArchive: maybe(text('`debian`, `security` or a repository of the configuration')),
  toArchive: maybe(text('the same')),
  download: count('bytes to fetch'),
  installed: { type: 'integer', description: 'bytes that the installed system grows by; negative: shrinks' },
  reason: maybe(text('why a version moved that would have stayed')),
});

const packageUpdate = object({
  name: text('package'),
  from: text('locked version'),
  to: text('newest version'),
  archive: text('which has it; `security` marks a security update'),
});

const ratio = (description: string): Schema => maybe(number(description));

const coverage = document(
  'coverage',
  'Result of `synos coverage --json`, and what its boots leave in out/coverage/.',
  {
    machine: text('of the configuration; several with blanks between them'),
    files: list(
      object({
        path: text(
          'relative to the project; as the debug information names it where the project has no such file',
        ),
        lines: {
          type: 'array',
          items: { type: 'array', items: { type: 'integer', minimum: 0 }, minItems: 2, maxItems: 2 },
          description: 'each line that code was made of, and how often it ran; ascending',
        },
        functions: list(
          object({
            name: text('of the function'),
            line: count('where it begins'),
            count: count('how often it was entered'),
          }),
          'those that are somewhere in the kernel, inlined ones too',
        ),
      }),
      'by path',
    ),
    notes: list(text('what it cannot see'), 'in sentences'),
  },
);

const hostFigure = object({
  allocator: text('one of `allocators`'),
  least: number('ticks per allocation and free, the loop subtracted: the least of all rounds'),
  median: number('of the rounds'),
  rounds: list(number('the least ticks of a round'), 'in the order in which they ran'),
  calls: object(
    { malloc: count('through malloc (or kmalloc)'), aligned: count('through aligned_alloc') },
    'allocations of one run by the call that they go through',
  ),
});

const hostBench = document('host-bench', 'Result of `synos bench host --json`.', {
  startedAt: text('ISO 8601, UTC'),
  cpu: text('model'),
  kernel: text("the host's"),
  compiler: text('of the kernel sources'),
  rounds: count('of each workload'),
  allocators: list(
    object({
      name: text('as in `results`'),
      library: maybe(text("path; null: the kernel's own sources")),
      version: maybe(text('as it says itself')),
    }),
    'in the order of their turns',
  ),
  results: list(
    object({
      workload: text('name of a workload or a trace'),
      alignment: { enum: [64, 16], description: 'bytes that every block is a multiple of' },
      figures: list(hostFigure, 'ours first'),
      fastest: text('of the others, by its least ticks'),
      ratio: ratio("ours / the fastest other's, least ticks; null where that is lost in the loop"),
      medianRatio: ratio('the same of the medians'),
      goal: maybe(number('the ratio is to be at most this; null: not judged')),
      met: maybe(flag('the goal is met; null: not judged')),
    }),
    'those at 64 bytes of alignment first',
  ),
  memory: list(
    object({
      workload: text('as in `results`'),
      live: count('most bytes live at once, as asked for'),
      resident: list(
        object({
          allocator: text('one of `allocators`'),
          bytes: count('most taken from the machine meanwhile'),
        }),
        'of a process that did nothing else',
      ),
    }),
    'of workloads that are no loop',
  ),
});

export const documents: { readonly [name: string]: Schema } = {
  import: imported,
  export: exported,
  error: document('error', 'What a command prints with --json when it failed.', {
    errors: list(error, 'the first one stopped the command'),
  }),
  init: document('init', 'Result of `synos init --json`.', {
    file: text('absolute path of the configuration'),
    written: flag('false with --dry-run'),
    guesses: list(
      object({
        path: text('setting, or group of settings'),
        why: text('what in the repository it rests on'),
      }),
      'each guess with its reason',
    ),
    open: list(text('what is left to fill in, or to look at'), 'in words'),
    text: text('the whole configuration, YAML with comments'),
  }),
  build: document('build', 'Result of `synos build --json`.', {
    ok: flag('everything that was asked for is there'),
    artefacts: list(
      object({
        name: text('kernel, iso, disk, squashfs, manifest, tar, oci-layout, firmware, initrd or symbols'),
        path: text('relative to the project'),
        sha256: digest,
        bytes: count('size'),
      }),
      'what was built',
    ),
    durationMs: number('wall time of the command'),
    tasks: list(
      object({
        id: text('task'),
        status: taskStatus,
        durationMs: number('of the run that made its outputs'),
      }),
      'every task of the plan',
    ),
    criticalPath: list(
      object({ id: text('task'), durationMs: number('of its run') }),
      'the chain of tasks that bounded the time, first to last',
    ),
    errors: list(error, 'empty when ok'),
  }),
  plan: document('plan', 'Result of `--dry-run --json`.', {
    goals: list(text('task'), 'what was asked for'),
    tasks: list(
      object({
        id: text('task'),
        kind: text('of action'),
        title: text('for people'),
        after: list(text('task'), 'what it waits for'),
      }),
      'in an order in which each comes after what it waits for',
    ),
  }),
  lock: document('lock', 'Result of `synos lock --json`.', {
    file: text('relative to the project'),
    written: flag('false with --check and when nothing changed'),
    stale: flag('the lock before could not be read, or was made for other package lists'),
    packages: count('in the new lock'),
    download: count('bytes to fetch in all'),
    installed: { type: 'integer', description: 'bytes that the installed system grows by in all' },
    changes: list(packageChange, 'against the lock before'),
    updates: list(packageUpdate, 'newer versions that were not taken; `--upgrade` takes them'),
  }),
  'lock-why': document('lock-why', 'Result of `synos lock --why NAME --json`.', {
    name: text('package'),
    version: text('locked'),
    archive: text('which has it'),
    group: text('`base` or the first list whose closure has it'),
    chain: list(
      object({
        name: text('package'),
        version: text('locked'),
        why: text('`list:NAME`, `essential`, `required` or `needed-by:PACKAGE`'),
      }),
      'from what was asked for to the package itself',
    ),
  }),
  doctor: document('doctor', 'Result of `synos doctor --json`.', {
    ok: flag('nothing that is needed is missing'),
    checks: list(
      object({
        name: text('what was looked at'),
        status: {
          enum: ['ok', 'warning', 'missing'],
          description: 'a warning costs speed or a feature; missing stops work',
        },
        detail: text('what was found'),
        mend: maybe(text('the command that mends it')),
      }),
      'in the order in which they matter',
    ),
  }),
  settings: document('settings', 'Result of `synos config --json`.', {
    file: maybe(text('the file that was read')),
    tree: text('the project folder'),
    values: list(
      object({ path: text('dotted'), value: { description: 'any JSON' }, source: text('what set it') }),
      'every leaf',
    ),
  }),
  bisect,
  'bisect-plan': bisectPlan,
  'host-bench': hostBench,
  clean: document('clean', 'Result of `synos clean --json`.', {
    dryRun: flag('nothing was removed'),
    removed: list(object({ path: text('relative to the project'), bytes: count('size') }), 'folders'),
  }),
  ci,
  comparison,
  coverage,
  history,
  profile: profileFile,
  'profile-view': profileView,
  diff,
  sbom,
  size,
  'self-test': selfTest,
  run: runSchema,
  verify: verified,
};
