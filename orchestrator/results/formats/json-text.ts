// Reads JSON of strangers: bounded in depth and in the number of values, so that a small file cannot fill the memory; every fault with its
// line and column. Stricter than JSON.parse: a key that stands twice is told, as is the NaN that many programs write. Integers stay exact.
import { FormatFault, type Path } from './fault.ts';

const deepest = 64;
const mostValues = 1_500_000;
const longestNumber = 400;

/** Throws FormatFault. Objects have no prototype. */
export function parseJson(text: string): unknown {
  return new Parser(text, undefined).whole();
}

/** Where a value stands, or as much of its path as there is. */
export function placeOf(text: string, path: Path): { line: number; column: number } {
  const parser = new Parser(text, path);
  try {
    parser.whole();
  } catch {
    // As far as it came.
  }
  return lineAndColumn(text, parser.found);
}

export function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  let line = 1;
  let start = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) {
    line++;
    start = at + 1;
  }
  return { line, column: offset - start + 1 };
}

const number = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const notANumber = /-?(?:nan|inf(?:inity)?)\b/iy;
const blank = /[ \t\r\n]*/y;
// Neither quote nor backslash nor control character.
const plainText = /[ !#-[\]-\u{10ffff}]*/uy;
const escapes: { readonly [letter: string]: string } = {
  __proto__: null as never,
  ...{ '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' },
};

class Parser {
  private at = 0;
  private values = 0;
  /** How much of the sought path was met; where that stands. */
  private met = 0;
  found = 0;
  private readonly text: string;
  private readonly sought: Path | undefined;

  constructor(text: string, sought: Path | undefined) {
    this.text = text;
    this.sought = sought;
  }

  whole(): unknown {
    this.skipBlanks();
    const value = this.value(0);
    this.skipBlanks();
    if (this.at < this.text.length) this.fault('something stands behind the end of the document');
    return value;
  }

  private value(depth: number): unknown {
    if (++this.values > mostValues) this.fault(`there are more than ${mostValues} values in it`);
    if (depth > deepest) this.fault(`it is nested deeper than ${deepest}`);
    switch (this.text[this.at] ?? '') {
      case '{':
        return this.object(depth);
      case '[':
        return this.list(depth);
      case '"':
        return this.string();
      case 't':
        return this.word('true', true);
      case 'f':
        return this.word('false', false);
      case 'n':
        return this.text.startsWith('null', this.at) ? this.word('null', null) : this.number();
      default:
        return this.number();
    }
  }

  private object(depth: number): unknown {
    const object = Object.create(null) as { [key: string]: unknown };
    this.at++;
    this.skipBlanks();
    if (this.take('}')) return object;
    for (;;) {
      if (this.text[this.at] !== '"') this.fault('a key is expected here');
      const start = this.at;
      const key = this.string();
      if (key in object) {
        this.at = start;
        this.fault(`the key ${JSON.stringify(key.slice(0, 80))} stands twice in one object`);
      }
      this.skipBlanks();
      if (!this.take(':')) this.fault('a colon is expected here');
      this.skipBlanks();
      this.meet(depth, key);
      object[key] = this.value(depth + 1);
      if (this.ended('}')) return object;
    }
  }

  private list(depth: number): unknown[] {
    const list: unknown[] = [];
    this.at++;
    this.skipBlanks();
    if (this.take(']')) return list;
    for (;;) {
      this.meet(depth, list.length);
      list.push(this.value(depth + 1));
      if (this.ended(']')) return list;
    }
  }

  private meet(depth: number, key: string | number): void {
    if (this.sought === undefined || depth !== this.met || this.sought[depth] !== key) return;
    this.met++;
    this.found = this.at;
  }

  private ended(bracket: string): boolean {
    this.skipBlanks();
    if (this.take(bracket)) return true;
    if (!this.take(',')) this.fault(`a comma or ${bracket} is expected here`);
    this.skipBlanks();
    return false;
  }

  private string(): string {
    let text = '';
    this.at++;
    for (;;) {
      plainText.lastIndex = this.at;
      const plain = plainText.exec(this.text)?.[0] ?? '';
      text += plain;
      this.at += plain.length;
      const next = this.text[this.at];
      if (next === '"') {
        this.at++;
        return text;
      }
      if (next !== '\\') this.fault('a string does not end, or has a control character in it');
      text += this.escape();
    }
  }

  private escape(): string {
    const letter = this.text[this.at + 1] ?? '';
    const plain = escapes[letter];
    if (plain !== undefined) {
      this.at += 2;
      return plain;
    }
    const code = /^u([0-9a-fA-F]{4})/.exec(this.text.slice(this.at + 1, this.at + 6))?.[1];
    if (code === undefined) this.fault('there is no such escape');
    this.at += 6;
    return String.fromCharCode(Number.parseInt(code as string, 16));
  }

  private number(): number | bigint {
    number.lastIndex = this.at;
    const [text = '', fraction, exponent] = number.exec(this.text) ?? [];
    if (text === '') this.noNumber();
    if (text.length > longestNumber) this.fault(`a number has more than ${longestNumber} digits`);
    const value = Number(text);
    if (!Number.isFinite(value))
      this.fault(`${text.slice(0, 40)} is larger than any number that can be kept`);
    this.at += text.length;
    if (fraction !== undefined || exponent !== undefined || Number.isSafeInteger(value)) return value;
    const whole = BigInt(text);
    // What does not fit 64 bits was never a counter.
    return whole >= -(1n << 63n) && whole < 1n << 64n ? whole : value;
  }

  private noNumber(): never {
    notANumber.lastIndex = this.at;
    const word = notANumber.exec(this.text)?.[0];
    if (word) this.fault(`${word} is no number of JSON, and nothing that can be compared`);
    return this.fault(
      this.at < this.text.length ? 'a value is expected here' : 'the file ends in the middle',
    );
  }

  private word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) this.fault('a value is expected here');
    this.at += word.length;
    return value;
  }

  private take(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  private skipBlanks(): void {
    blank.lastIndex = this.at;
    this.at += blank.exec(this.text)?.[0].length ?? 0;
  }

  private fault(reason: string): never {
    throw new FormatFault(reason, lineAndColumn(this.text, Math.min(this.at, this.text.length)));
  }
}
