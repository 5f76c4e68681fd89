// Findings as GitHub's workflow commands. GitHub shows ten of each level a step, so what is beyond them is told in the tenth.
import { visible } from '../../../core/text.ts';
import type { Finding } from './document.ts';
import { commandData, commandProperty } from './escape.ts';

const mostShown = 10;

/** One command a line. */
export function annotations(findings: readonly Finding[]): string[] {
  return (['error', 'warning', 'notice'] as const).flatMap((level) => {
    const all = findings.filter((finding) => finding.level === level);
    if (all.length <= mostShown) return all.map(annotation);
    const rest = all.length - mostShown + 1;
    return [
      ...all.slice(0, mostShown - 1).map(annotation),
      `::${level} title=and ${rest} more::and ${rest} more, all in the summary and in ci.json`,
    ];
  });
}

function annotation({ level, title, message, file, line }: Finding): string {
  const place = file === null ? [] : [`file=${property(file)}`, ...(line === null ? [] : [`line=${line}`])];
  return `::${level} ${[...place, `title=${property(title)}`].join(',')}::${commandData(visible(message))}`;
}

const property = (text: string): string => commandProperty(visible(text));
