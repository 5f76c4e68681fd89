// What is asked of a bisection, as typed, and what would make it another one.
import { SynosError } from '../../core/failure.ts';
import { nearest } from '../../core/near.ts';
import type { Options } from './build.ts';
import type { Session } from './session.ts';

export type Question = {
  /** Words of the metric's name; null: how the boot ends. */
  readonly metric: readonly string[] | null;
  readonly good: string;
  readonly bad: string;
  readonly machine: string;
  readonly exact: boolean;
  readonly commandLine: string;
  readonly threshold: number | null;
  /** Timed metrics: at most so many boots a side. How a boot ends: so many must pass. */
  readonly runs: number;
  readonly firstParent: boolean;
  /** Every commit that changed the metric. */
  readonly all: boolean;
  /** Of an exact change, where its instructions went. */
  readonly profile: boolean;
  /** Every commit is built as the configuration of now says. */
  readonly holdConfig: boolean;
};

const timedRuns = 30;

/** Throws SynosError usage, name.unknown. */
export function questionOf(session: Session, metric: readonly string[], options: Options): Question {
  const { good, bad } = options;
  const verdict = options['verdict'] === true;
  if (verdict === metric.length > 0)
    refuse(
      verdict
        ? '--verdict is about how a boot ends, and not about a metric'
        : 'what is looked for is not named',
      'name a metric as in `synos history`, or give --verdict for the first commit whose boot does not pass',
    );
  if (typeof good !== 'string') refuse('a good commit is not named', 'name one with --good REV');
  const machine = machineOf(session, options['machine']);
  const exact = options['exact'] ?? session.config.machines[machine]?.exact;
  const number = (name: string): number | null => (typeof options[name] === 'number' ? options[name] : null);
  const question = {
    metric: verdict ? null : [...metric],
    good,
    bad: typeof bad === 'string' ? bad : 'HEAD',
    machine,
    exact: exact === true,
    commandLine: typeof options['append'] === 'string' ? options['append'] : '',
    threshold: number('threshold'),
    runs: number('runs') ?? (verdict ? 1 : timedRuns),
    firstParent: options['firstParent'] === true,
    all: options['all'] === true,
    profile: options['profile'] !== false,
    holdConfig: options['holdConfig'] === true,
  };
  checkTogether(question);
  return question;
}

function checkTogether({ metric, exact, threshold, all }: Question): void {
  const counted = metric !== null && exact;
  if (threshold !== null && !counted)
    refuse('--threshold divides exact figures', 'count instructions with --exact');
  if (all && !counted)
    refuse('--all needs exact figures: of others one boot does not say that nothing changed', 'use --exact');
}

function machineOf({ config }: Session, wanted: unknown): string {
  const names = Object.keys(config.machines);
  const name = typeof wanted === 'string' ? wanted : (names[0] ?? '');
  if (names.includes(name)) return name;
  throw new SynosError({ code: 'name.unknown', kind: 'machine', name, near: nearest(name, names) });
}

function refuse(message: string, hint: string): never {
  throw new SynosError({ code: 'usage', message, hint });
}
