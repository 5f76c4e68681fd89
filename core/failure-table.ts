// What each failure says, what to do about it, and the exit code that it ends the command with: one table, one entry a code.
import type { Failure, FailureCode } from './failure.ts';

export type FailureEntry<C extends FailureCode> = {
  /** One of the codes of the command line's contract. */
  exit: 1 | 2 | 3 | 4 | 6 | 7 | 130;
  /** When it happens, for the documentation. */
  when: string;
  /** What, where and why. The first line stands alone; more lines are details. */
  says(failure: Extract<Failure, { code: C }>): string;
  /** The next step; undefined where the message already is one. */
  next(failure: Extract<Failure, { code: C }>): string | undefined;
};

const lines = (tail: readonly string[]): string => tail.map((line) => `\n  | ${line}`).join('');
const guest = (f: { machine: string; reason: string; seen: readonly string[] }): string =>
  `${f.machine}: ${f.reason}${f.seen.length > 0 ? `\nlast seen on its serial port:${lines(f.seen)}` : ''}`;
const instead = (f: { there?: readonly string[] }): string =>
  f.there && f.there.length > 0 ? `\nwhat is there instead:${lines(f.there)}` : '';
const readLog = (f: { log: string }): string => `read the whole log: ${f.log}`;

export const failureTable: { readonly [C in FailureCode]: FailureEntry<C> } = {
  'task.exit': {
    exit: 1,
    when: 'a command of a task ended with an error',
    says: (f) =>
      `${f.task}: ${f.command} ${f.signal ? `was killed by ${f.signal}` : `exited ${f.exit}`}${lines(f.tail)}`,
    next: () => 'mend what the lines above name, then run the same command again: finished tasks are kept',
  },
  'task.timeout': {
    exit: 1,
    when: 'a task ran longer than its limit',
    says: (f) =>
      `${f.task}: ${f.command} was still running after ${f.limitMs / 1000} s and was ended${lines(f.tail)}`,
    next: () => 'run again; if it ends the same way, run the command by hand to see what it waits for',
  },
  'task.output-missing': {
    exit: 1,
    when: 'a task ended well but did not write what it promised',
    says: (f) =>
      `${f.task} did not write its output ${f.output}${f.path === undefined ? '' : `, ${f.path}`}${instead(f)}`,
    next: () => 'check that the command writes where the configuration says',
  },
  'input.missing': {
    exit: 1,
    when: 'a file that a task reads is not there',
    says: (f) => `${f.path} is needed by ${f.neededBy} and does not exist${instead(f)}`,
    next: () => 'restore the file, or take it out of the configuration',
  },
  'digest.mismatch': {
    exit: 1,
    when: 'downloaded or stored bytes are not the ones that were promised',
    says: (f) =>
      `${f.what} from ${f.source} has the wrong SHA-256\n  expected ${f.expected}\n  got      ${f.actual}`,
    next: () =>
      'nothing of it was used; run again, and if it stays wrong change the mirror or run `synos lock`',
  },
  'network.away': {
    exit: 1,
    when: 'a mirror did not answer',
    says: (f) => `${f.url} could not be fetched (${f.reason}; ${f.tries} tries)`,
    next: () =>
      'check the network or set another `iso.mirror`; what was fetched already is kept, and `--offline` builds from it',
  },
  'package.gone': {
    exit: 1,
    when: 'a mirror answers, but no longer has a package of the lock',
    says: (f) => `package ${f.package} ${f.version} is no longer at ${f.url}`,
    next: () => 'run `synos lock`, or build with `--update-lock`',
  },
  'index.refused': {
    exit: 1,
    when: 'the package index of an archive has no right signature, is too old or too new, damaged, or says what cannot be',
    says: (f) => `the package index of ${f.archive} is refused: ${f.reason}`,
    next: (f) => f.next ?? 'check the keyring, the mirrors and the clock; nothing was written',
  },
  'package.failed': {
    exit: 1,
    when: 'a Debian package could not be unpacked or configured',
    says: (f) => `package ${f.package} failed to ${f.step}${lines(f.tail)}`,
    next: () => 'take the package out of `iso.packages`, or mend what its script needs',
  },
  'package.conflict': {
    exit: 1,
    when: 'two packages ship the same path and neither says that it may',
    says: (f) => `${f.path} is shipped by ${f.packages.join(' and ')}`,
    next: () => 'take one of the packages out of `iso.packages`',
  },
  'artefact.invalid': {
    exit: 1,
    when: 'a built file is not what it should be',
    says: (f) => `${f.what}: ${f.reason}`,
    next: (f) => f.next ?? 'run again with `synos clean --cache` first; if it stays, report it',
  },
  'artefact.altered': {
    exit: 7,
    when: 'a file is not what its build recorded, or a file in an image is not what the manifest says',
    says: (f) => `${f.path}: ${f.reason}`,
    next: () =>
      'do not use it; `synos build` makes it again, `synos verify --rebuild` tells whether the record itself is right',
  },
  'rebuild.differs': {
    exit: 1,
    when: 'building an artefact again gave other bytes than the ones that were recorded',
    says: (f) => `${f.path} is not reproduced: ${f.reason}`,
    next: (f) =>
      `what was built now is ${f.kept}; where inputs differ, go back to the commit that the record names`,
  },
  'reference.failed': {
    exit: 1,
    when: 'the revision that was to be compared against cannot be built',
    says: (f) => `${f.reference} (commit ${f.commit.slice(0, 12)}) cannot be built: ${f.reason}`,
    next: () => 'name a revision that builds; what is built now was not touched',
  },
  'bisect.stuck': {
    exit: 1,
    when: 'a bisection cannot tell which commit it was',
    says: (f) => f.reason,
    next: (f) => f.next,
  },
  usage: {
    exit: 2,
    when: 'the command line cannot be understood',
    says: (f) => f.message,
    next: (f) => f.hint ?? 'see `synos --help`',
  },
  'config.invalid': {
    exit: 2,
    when: 'the configuration has unknown keys, wrong types or values out of range',
    says: (f) => {
      const rows = f.issues.map((issue) => {
        const place = issue.line > 0 ? `${f.file}:${issue.line}:${issue.column}` : `(${issue.source})`;
        return `\n  ${place} ${issue.path}: ${issue.message}${issue.suggestion ? ` (${issue.suggestion})` : ''}`;
      });
      const more = f.more > 0 ? `\n  and ${f.more} more` : '';
      return `${f.file} is not a valid configuration${rows.join('')}${more}`;
    },
    next: () => 'mend the places above; `synos schema config` prints what is allowed',
  },
  'file.unreadable': {
    exit: 2,
    when: 'a file that was named cannot be read as one: it is not there, too large, a folder or a pipe',
    says: (f) => `${f.path} cannot be read: ${f.reason}`,
    next: (f) => f.next,
  },
  'name.unknown': {
    exit: 2,
    when: 'a target, machine, package or other name does not exist',
    says: (f) => `${f.where ? `${f.where}: ` : ''}there is no ${f.kind} named ${f.name}`,
    next: (f) => {
      if (f.near.length > 0) return `did you mean ${f.near.join(' or ')}?`;
      return f.kind === 'revision'
        ? 'a clone of a pipeline may be without it: `git fetch --unshallow`'
        : undefined;
    },
  },
  'packages.unsatisfiable': {
    exit: 2,
    when: 'the package lists cannot be installed together: a conflict, or a dependency that no archive meets',
    says: (f) => `the package lists cannot be installed together:\n  ${f.reasons.join('\n  ')}`,
    next: (f) =>
      f.next ?? 'take one of the packages out of `iso.packages`, or name a repository that has what lacks',
  },
  'lock.missing': {
    exit: 2,
    when: 'an image is to be built and no package was locked',
    says: (f) => `${f.file} does not exist`,
    next: () => 'run `synos lock` to resolve the package lists',
  },
  'lock.stale': {
    exit: 2,
    when: 'the lock was made for other package lists than the configuration names now',
    says: (f) => `${f.file} does not fit the configuration: ${f.reason}`,
    next: () => 'run `synos lock`',
  },
  'lock.invalid': {
    exit: 2,
    when: 'the lock file cannot be read',
    says: (f) => `${f.file}:${f.line}: ${f.reason}`,
    next: () => 'restore the file from version control, or run `synos lock`',
  },
  'plan.invalid': {
    exit: 2,
    when: 'the tasks do not form a plan',
    says: (f) => `the plan is not valid: ${f.reason}`,
    next: () => undefined,
  },
  'media.invalid': {
    exit: 2,
    when: 'a file that the configuration names cannot be what its machine starts',
    says: (f) => `machine ${f.machine} cannot start ${f.path}: ${f.reason}`,
    next: (f) => f.next,
  },
  'tool.missing': {
    exit: 4,
    when: 'a program that a task runs is not installed',
    says: (f) => `${f.tool} is not installed; it is needed for ${f.neededFor}`,
    next: (f) => (f.package === '' ? 'install it, or put it on PATH' : `apt-get install ${f.package}`),
  },
  'accelerator.unusable': {
    exit: 4,
    when: 'the accelerator that was asked for did not run a probe guest',
    says: (f) => `accelerator ${f.wanted} cannot run a guest here: ${f.reason}`,
    next: () => 'set `accelerator: auto` (or tcg); `synos doctor` shows what works',
  },
  'qemu.old': {
    exit: 4,
    when: 'QEMU is older than what SynOS can use',
    says: (f) => `QEMU ${f.version} is too old: at least ${f.least} is needed`,
    next: () => 'install a newer qemu-system-x86, or put one on PATH',
  },
  'qemu.lacks': {
    exit: 4,
    when: 'QEMU has no board, CPU model, CPU feature or device of this name, or no plugins',
    says: (f) => `QEMU ${f.version} has no ${f.what} ${f.name}`,
    next: (f) => {
      if (f.what.startsWith('plugin'))
        return 'install a QEMU of 6.0 to 8.2 that was built with plugins, as the one of Debian 12';
      return f.near.length > 0
        ? `did you mean ${f.near.join(' or ')}?`
        : 'take it out of the machine, or install a QEMU that has it; `synos doctor` shows what is there';
    },
  },
  'disk.full': {
    exit: 4,
    when: 'a file system is full',
    says: (f) => `no space left while writing ${f.path}`,
    next: () => 'free some space or run `synos clean --cache`; what was finished is kept',
  },
  'path.unwritable': {
    exit: 4,
    when: 'a file or folder cannot be written',
    says: (f) => `${f.path} cannot be written (${f.reason})`,
    next: () => 'give the folder to this user, or choose another',
  },
  'resource.short': {
    exit: 4,
    when: 'the machine has less of something than a task needs',
    says: (f) => `${f.what}: ${f.needed} needed, ${f.present} present`,
    next: () => undefined,
  },
  'guest.failed': {
    exit: 1,
    when: 'the guest panicked, reset, or failed a test',
    says: guest,
    next: readLog,
  },
  'guest.unfinished': {
    exit: 6,
    when: 'the guest hung, stayed silent, flooded, or ran out of time',
    says: guest,
    next: readLog,
  },
  'records.incomplete': {
    exit: 7,
    when: 'records of a guest are missing, repeated or damaged',
    says: (f) => `${f.machine}: ${f.reason}`,
    next: readLog,
  },
  'gate.regression': {
    exit: 3,
    when: 'a comparison with `--gate` found a cost that grew',
    says: (f) => {
      const rows = f.slower
        .slice(0, 5)
        .map(({ name, ratio }) => `\n  ${name}${ratio === null ? '' : ` (${ratio.toFixed(3)} times)`}`);
      const more = f.slower.length > 5 ? `\n  and ${f.slower.length - 5} more` : '';
      return `${f.slower.length} ${f.slower.length === 1 ? 'metric is' : 'metrics are'} slower${rows.join('')}${more}`;
    },
    next: () => 'see the table above; `synos compare` shows it again',
  },
  'coverage.low': {
    exit: 1,
    when: 'fewer lines ran than `--min` asks for',
    says: (f) => `${f.ran} of ${f.lines} lines ran, ${f.percent} %: less than ${f.least} %`,
    next: () => '`synos coverage --uncovered` lists the lines that did not run',
  },
  interrupted: {
    exit: 130,
    when: 'the user stopped the command',
    says: (f) => `stopped by ${f.signal}`,
    next: () => 'run again to go on',
  },
  'store.damaged': {
    exit: 7,
    when: 'a stored result cannot be read back',
    says: (f) => `${f.path}: ${f.reason}`,
    next: () => 'move the file away; the next run starts a new one',
  },
  'result.invalid': {
    exit: 7,
    when: 'a result file is of no known format, is damaged, or holds what cannot be true',
    says: (f) => `${f.path}${f.place === '' ? '' : `, ${f.place}`}: ${f.reason}`,
    next: (f) => f.next ?? 'nothing of it was stored; have the tool that wrote it write it again',
  },
  internal: {
    exit: 1,
    when: 'a defect of SynOS',
    says: (f) => `this is a defect of SynOS: ${f.message}`,
    next: () => 'please report it with the lines above',
  },
};

/** The message, the next step and the exit code of any failure. */
export function explain(failure: Failure): { message: string; next: string | undefined; exit: number } {
  // The table's type proves that the entry fits the code; TypeScript cannot follow that through an index.
  const entry = failureTable[failure.code] as FailureEntry<FailureCode>;
  return { message: entry.says(failure), next: entry.next(failure), exit: entry.exit };
}
