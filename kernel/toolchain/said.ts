// What a build said, for the failure that shows it: its last lines, the first error where that came earlier, and a program that it missed.
import { find } from '../../core/exec.ts';

const tailLines = 40;
const errorLines = 10;
const errorLine = /(?:^|[\s:])(?:fatal )?error(?:\[\w+\])?:|undefined reference to|multiple definition of/i;
/** How shells, make and env say that there is no such program. */
const missing: readonly RegExp[] = [
  /^(?:.*: )?([A-Za-z0-9_.+-]+): (?:command )?not found$/,
  /^g?make(?:\[\d+\])?: ([A-Za-z0-9_.+-]+): No such file or directory$/,
  /^(?:\/usr\/bin\/)?env: \W?([A-Za-z0-9_.+-]+)\W?: No such file or directory$/,
];

export class Said {
  private readonly tail: string[] = [];
  private readonly first: string[] = [];
  private count = 0;
  private firstAt = -1;
  private lost: string | undefined;

  add(line: string): void {
    if (this.firstAt === -1 && errorLine.test(line)) this.firstAt = this.count;
    if (this.firstAt !== -1 && this.first.length < errorLines) this.first.push(line);
    this.count++;
    this.tail.push(line);
    if (this.tail.length > tailLines) this.tail.shift();
    this.lost ??= missingIn(line);
  }

  lines(): string[] {
    const gone = this.count - this.tail.length;
    if (this.firstAt === -1 || this.firstAt >= gone) return this.tail;
    return [...this.first.slice(0, gone - this.firstAt), '…', ...this.tail];
  }

  /** A program that a line named as not there, and that is on no PATH. */
  missingProgram(): string | undefined {
    return this.lost;
  }
}

function missingIn(line: string): string | undefined {
  if (line.length > 300) return undefined;
  for (const pattern of missing) {
    const name = pattern.exec(line)?.[1];
    if (name !== undefined && find(name) === undefined) return name;
  }
  return undefined;
}
