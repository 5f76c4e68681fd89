// A run as JUnit XML, as CI servers show it: one suite a boot, one for each comparison.
// https://github.com/testmoapp/junitxml, and the schema of Jenkins' xUnit plugin (junit-10.xsd).
import library, { type Builder } from 'junit-report-builder';
import { visible } from '../../../core/text.ts';
import type { Comparison } from '../comparison.ts';
import { shellWords } from '../format.ts';
import type { StoredRun } from '../run.ts';
import { type Verdict, type VerdictList, verdictLists } from './verdicts.ts';

// Its types describe another build of it, with a default export inside the default export.
const builder = library as unknown as Builder;
type Suite = ReturnType<Builder['testSuite']>;

/** Well-formed whatever the guest printed: every text has passed the escaper, which leaves no character that XML 1.0 forbids. */
export function writeJunit(
  run: StoredRun,
  comparisons: readonly Comparison[] = [],
  others: readonly VerdictList[] = [],
): string {
  const report = builder.newBuilder().name(`synos ${run.id}`);
  for (const list of verdictLists(run, comparisons, others)) addSuite(report.testSuite(), list, run);
  return `${report.build()}\n`;
}

function addSuite(suite: Suite, { name, boot, verdicts }: VerdictList, run: StoredRun): void {
  // The schema has no time zone; all of ours are UTC.
  suite.name(safe(name)).timestamp(run.startedAt.slice(0, 19));
  const facts = {
    run: run.id,
    command: shellWords(run.command),
    commit: run.git ? `${run.git.commit}${run.git.dirty ? ' with changes' : ''}` : 'none',
    ...(boot
      ? {
          ...{ accelerator: boot.accelerator, clock: boot.exact ? 'exact' : 'timed' },
          ...{ kernel: boot.hello ? `${boot.hello.kernel} ${boot.hello.build}` : 'unknown' },
          qemu: boot.qemu.version,
        }
      : {}),
  };
  for (const [key, text] of Object.entries(facts)) suite.property(key, safe(visible(text)));
  // Seconds of the boot; tests have no time of their own.
  suite.time(boot ? boot.timing.totalMs / 1000 : 0);
  for (const verdict of verdicts) addCase(suite, verdict, name);
}

function addCase(suite: Suite, verdict: Verdict, list: string): void {
  const one = suite.testCase().className(safe(list)).name(safe(verdict.name));
  const reason = safe(verdict.reason);
  if (verdict.seconds !== undefined) one.time(verdict.seconds);
  const details = safe(verdict.details.join('\n'));
  if (verdict.result === 'skipped') one.skipped();
  else if (verdict.result === 'failed' && verdict.broken) one.error(reason, 'broken', details);
  else if (verdict.result === 'failed') {
    one.failure(reason, 'failed');
    // An empty stack trace is none.
    if (details !== '') one.stacktrace(details);
    return;
  }
  const said = safe([verdict.reason, ...(verdict.broken ? [] : verdict.details)].join('\n'));
  if (said.trim() !== '' && !verdict.broken) one.standardOutput(said);
}

// The library splits the first `]]>` inside a section, and lets the next one end it. Elsewhere it may stand, and trips simple readers.
const safe = (text: string): string => text.replaceAll(']]>', ']]\\x3e');
