// The two streams: results on standard output, everything else on standard error. Colour as the stream and the user want it.
import { styleText } from 'node:util';

export type Style = {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
};
export type ColorChoice = 'auto' | 'always' | 'never';

let choice: ColorChoice = 'auto';

/** `--color` beats NO_COLOR and FORCE_COLOR, which beat what the stream is. */
export function setColor(wanted: ColorChoice): void {
  choice = wanted;
}

export function styleFor(stream: NodeJS.WriteStream): Style {
  const painted =
    (format: Parameters<typeof styleText>[0]) =>
    (text: string): string => {
      if (choice === 'never') return text;
      // styleText itself honours NO_COLOR, NODE_DISABLE_COLORS and FORCE_COLOR for the stream that it is given.
      return choice === 'always'
        ? styleText(format, text, { validateStream: false })
        : styleText(format, text, { stream });
    };
  return {
    bold: painted('bold'),
    dim: painted('dim'),
    good: painted('green'),
    bad: painted('red'),
    warn: painted('yellow'),
  };
}

/** A result. A reader that went away (`| head`) is no error. */
export function writeOut(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

/** Anything else: progress, warnings, failures. */
export function writeErr(text: string): void {
  process.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
}

/** Columns of a stream: COLUMNS beats what the terminal says; a pipe has 100. */
export function columnsOf(stream: NodeJS.WriteStream): number {
  const asked = Number(process.env['COLUMNS']);
  return Number.isInteger(asked) && asked >= 20 ? asked : (stream.columns ?? 100);
}

/** A live display needs a terminal that can move its cursor, and nobody who reads a log. */
export function isLive(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && process.env['TERM'] !== 'dumb' && !process.env['CI'];
}
