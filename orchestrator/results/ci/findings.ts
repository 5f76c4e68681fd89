// What a reviewer is pointed at, with the place in a file where one is known: errors of compilers, guests that went wrong, failed tests.
import type { Failure } from '../../../core/failure.ts';
import { explain } from '../../../core/failure-table.ts';
import { visibleUpTo } from '../../../core/text.ts';
import type { StoredBoot } from '../run.ts';
import type { CiError, Finding, GateMetric } from './document.ts';
import { compileErrors, type Place, testPlaces } from './places.ts';

/** A file as somebody named it -> relative to the top of the repository; undefined for what is no file of it. */
export type Locate = (file: string) => string | undefined;

const longest = 400;
const mostTests = 100;

export function errorOf(failure: Failure): CiError {
  const { message, next } = explain(failure);
  return { code: failure.code, message, next: next ?? null };
}

/** Of a step that a failure stopped: one for each place that its log names, else one without a place. */
export function findingsOfFailure(
  failure: Failure,
  kind: Finding['kind'],
  locate: Locate,
  level: Finding['level'] = 'error',
): Finding[] {
  const title = firstLine(explain(failure).message);
  if (failure.code === 'config.invalid')
    return failure.issues.map(({ path, message, line }) => ({
      ...{ level, kind, title: `configuration: ${path}`, message: visibleUpTo(message, longest) },
      ...placed(line > 0 ? { file: failure.file, line, message } : undefined, locate),
    }));
  const tail = 'tail' in failure ? failure.tail : [];
  const places = compileErrors(tail);
  if (places.length === 0) {
    const { message, next } = errorOf(failure);
    const said = tail.find((line) => /\berror\b/i.test(line)) ?? tail.at(-1) ?? next ?? message;
    return [{ level, kind, title, message: firstLine(said), file: null, line: null }];
  }
  return places.map((place) => ({
    ...{ level, kind, title, message: visibleUpTo(place.message, longest), ...placed(place, locate) },
  }));
}

/** Of one boot: its end, at the place where its CPU was; else its failed tests, where their diagnostics say. `log`: lines of the serial port. */
export function findingsOfBoot(boot: StoredBoot, log: Iterable<string>, locate: Locate): Finding[] {
  if (boot.end === 'passed') return [];
  const tests = failedTests(boot, log, locate);
  if (boot.end === 'failed' && tests.length > 0) return tests;
  return [
    {
      ...{ level: 'error', kind: 'boot', title: `${boot.machine}: ${boot.end}` },
      ...{ message: visibleUpTo(boot.reason, longest), ...placed(stoppedAt(boot), locate) },
    },
    ...tests,
  ];
}

function failedTests({ machine, tests }: StoredBoot, log: Iterable<string>, locate: Locate): Finding[] {
  if (tests.failures.length === 0) return [];
  const places = testPlaces(log);
  return tests.failures.slice(0, mostTests).map((name) => {
    // Its full name has those of its suites in front.
    const [, place] = [...places].find(([own]) => name === own || name.endsWith(`/${own}`)) ?? [];
    const message = place ? visibleUpTo(place.message, longest) : 'not ok';
    return {
      ...{ level: 'error', kind: 'test', title: `${machine}: ${name}` },
      ...{ message: message || 'not ok', ...placed(place, locate) },
    };
  });
}

/** The first place in a backtrace that is a line of a file: the frames above it have no debug information. */
function stoppedAt({ last }: StoredBoot): Place | undefined {
  const cpus = last?.cpus ?? [];
  const text = cpus.flatMap(({ backtrace }) => backtrace).find(({ place }) => place !== null)?.place ?? '';
  const [, file, line] = /^(.+):(\d+)$/.exec(text) ?? [];
  return file === undefined ? undefined : { file, line: Number(line), message: '' };
}

export function findingsOfGate(grew: readonly GateMetric[], shuts: boolean): Finding[] {
  return grew.map(({ name, machine, before, now, ratio, accepted }) => ({
    level: accepted !== null ? 'notice' : shuts ? 'error' : 'warning',
    kind: 'gate',
    title: `${machine}: ${name} is slower`,
    message: `${before} before, ${now} now${ratio === null ? '' : `, ${ratio.toPrecision(6)} times`}${accepted === null ? '' : `; accepted: ${visibleUpTo(accepted, 200)}`}`,
    file: null,
    line: null,
  }));
}

function placed(place: Place | undefined, locate: Locate): Pick<Finding, 'file' | 'line'> {
  const file = place && locate(place.file);
  return file === undefined ? { file: null, line: null } : { file, line: place?.line ?? null };
}

function firstLine(text: string): string {
  return visibleUpTo(text.split('\n')[0] ?? '', longest);
}
