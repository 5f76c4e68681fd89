// Text that comes from elsewhere, made fit for what CI systems read: GitHub's workflow commands, Markdown. Line feeds in it end nothing.
import { visible } from '../../../core/text.ts';

/** The message of a workflow command. https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands */
export function commandData(text: string): string {
  return text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
}

/** One of its properties, which a comma or a colon would end. */
export function commandProperty(text: string): string {
  return commandData(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
}

/**
 * A code span: nothing in it is a link, a mention, an issue, HTML or emphasis. A row of backticks around it is longer than any inside, and a pipe
 * would end a table's cell even there.
 */
export function codeSpan(text: string): string {
  const safe = visible(text);
  if (safe === '') return '';
  const fence = '`'.repeat(longestRow(safe) + 1);
  const edge = /^`|`$|^ .* $/.test(safe) ? ' ' : '';
  return `${fence}${edge}${safe.replaceAll('|', '\\|')}${edge}${fence}`;
}

/** Lines as they are. */
export function codeBlock(lines: readonly string[]): string[] {
  const safe = lines.map(visible);
  const fence = '`'.repeat(Math.max(3, ...safe.map((line) => longestRow(line) + 1)));
  return [`${fence}text`, ...safe, fence];
}

function longestRow(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((row) => row.length));
}
