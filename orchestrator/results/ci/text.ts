// A pipeline job for a terminal: its steps, what it was compared with, and last which of them decided.
import { count, duration } from '../../../core/words.ts';
import { cut, type TableStyle, table, wrap } from '../layout.ts';
import type { CiDocument, CiStep, StepVerdict } from './document.ts';

export type CiView = { readonly columns: number; readonly style: TableStyle };

/** Ends without a line feed. */
export function ciText(document: CiDocument, { columns, style }: CiView): string {
  const cells = Math.max(40, columns);
  const { head, body } = table(
    [
      { title: 'step', align: 'left' },
      { title: 'verdict', align: 'left' },
      { title: 'time', align: 'right' },
      { title: '', align: 'left' },
    ],
    document.steps.map((step) => [step.name, step.verdict, tookText(step), step.says]),
  );
  return [
    style.dim(head.trimEnd()),
    ...body.map((line, index) => painted(cut(line.trimEnd(), cells), document.steps[index]?.verdict, style)),
    ...wrap(verdictText(document), cells).map(document.exit === 0 ? style.good : style.bad),
    ...wrap(`reports: ${document.folder}`, cells),
  ].join('\n');
}

const tookText = ({ verdict, durationMs }: CiStep): string =>
  verdict === 'skipped' ? '' : duration(durationMs);

function verdictText({ exit, decidedBy, durationMs, steps, grew }: CiDocument): string {
  const took = `in ${duration(durationMs)}`;
  if (exit !== 0) return `failed at ${decidedBy ?? 'its start'} ${took}, exit code ${exit}`;
  const warned = steps.filter(({ verdict }) => verdict === 'warned').length;
  const accepted = grew.filter((one) => one.accepted !== null).length;
  const told = [
    ...(warned > 0 ? [`${count(warned, 'step')} with a warning`] : []),
    ...(accepted > 0 ? [`${count(accepted, 'metric')} slower as accepted`] : []),
  ];
  return `passed ${took}${told.length > 0 ? `; ${told.join(', ')}` : ''}`;
}

function painted(line: string, verdict: StepVerdict | undefined, style: TableStyle): string {
  if (verdict === 'failed') return style.bad(line);
  if (verdict === 'warned') return style.warn(line);
  return verdict === 'skipped' ? style.dim(line) : line;
}
