// A run as KTAP, version 1: a subtest for each boot and for each comparison. Four blanks a level, as KUnit prints it, so that TAP 14
// readers take it as well. https://docs.kernel.org/dev-tools/ktap.html
import type { Comparison } from '../comparison.ts';
import type { StoredRun } from '../run.ts';
import { type Verdict, type VerdictList, verdictLists } from './verdicts.ts';

export function writeKtap(
  run: StoredRun,
  comparisons: readonly Comparison[] = [],
  others: readonly VerdictList[] = [],
): string {
  const lists = verdictLists(run, comparisons, others);
  const lines = [
    'KTAP version 1',
    `# synos ${run.id}`,
    `1..${lists.length}`,
    ...lists.flatMap((list, index) => [
      ...subtest(list).map((line) => `    ${line}`),
      resultLine(index + 1, list.name, wholeOf(list)),
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

function subtest({ name, verdicts }: VerdictList): string[] {
  return [
    'KTAP version 1',
    `# Subtest: ${nameOf(name)}`,
    `1..${verdicts.length}`,
    ...verdicts.flatMap((verdict, index) => [
      ...remarks(verdict),
      resultLine(index + 1, verdict.name, verdict.result),
    ]),
  ];
}

// What a reader knows of a test stands before its result.
function remarks({ reason, details, result }: Verdict): string[] {
  const said = result === 'passed' ? [reason] : [reason, ...details];
  return said.filter((line) => line !== '').map((line) => `# ${line.replace(/^Subtest:/, '| Subtest:')}`);
}

function resultLine(place: number, name: string, result: Verdict['result']): string {
  const verdict = `${result === 'failed' ? 'not ok' : 'ok'} ${place} - ${nameOf(name)}`;
  return result === 'skipped' ? `${verdict} # SKIP` : verdict;
}

function wholeOf({ verdicts }: VerdictList): Verdict['result'] {
  return verdicts.some(({ result }) => result === 'failed') ? 'failed' : 'passed';
}

// A # begins a directive.
function nameOf(name: string): string {
  return name.replaceAll('#', '\\x23').trim() || 'unnamed';
}
