// Reads and writes Debian's control format (deb822): stanzas of fields, as in Packages files, package controls and synos.lock.

/** Field names keep the case of the file. A field of several lines keeps its line feeds and the space before each further line. */
export type Stanza = { readonly line: number; readonly fields: ReadonlyMap<string, string> };

/** A line that is no deb822; `line` counts from 1. */
export class Deb822Error extends Error {
  readonly line: number;
  constructor(line: number, reason: string) {
    super(reason);
    this.line = line;
  }
}

/** Yields stanza by stanza, so that an index of 60 MB needs no second copy. Throws Deb822Error. */
export function* stanzas(text: string): Generator<Stanza> {
  let open = new OpenStanza(1);
  let number = 0;
  for (const line of linesOf(text)) {
    number++;
    if (!/^[ \t]*$/.test(line)) {
      open.add(line, number);
      continue;
    }
    if (open.fields.size > 0) yield open;
    open = new OpenStanza(number + 1);
  }
  if (open.fields.size > 0) yield open;
}

class OpenStanza {
  line: number;
  readonly fields = new Map<string, string>();
  #last: string | undefined;

  constructor(line: number) {
    this.line = line;
  }

  add(line: string, number: number): void {
    if (line.startsWith('#')) return;
    if (line.startsWith(' ') || line.startsWith('\t')) {
      if (this.#last === undefined) throw new Deb822Error(number, 'a further line without a field before it');
      this.fields.set(this.#last, `${this.fields.get(this.#last)}\n${line}`);
      return;
    }
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    if (!/^[!-9;-~]+$/.test(name) || name.startsWith('-'))
      throw new Deb822Error(number, 'not a line of the form `Field: value`');
    if (this.fields.has(name)) throw new Deb822Error(number, `the field ${name} stands twice`);
    if (this.fields.size === 0) this.line = number;
    this.fields.set(name, line.slice(colon + 1).trim());
    this.#last = name;
  }
}

/** The text of one stanza, without the empty line behind it. */
export function formatStanza(fields: Iterable<readonly [string, string]>): string {
  let text = '';
  for (const [name, value] of fields)
    text += value === '' || value.startsWith('\n') ? `${name}:${value}\n` : `${name}: ${value}\n`;
  return text;
}

function* linesOf(text: string): Generator<string> {
  let from = 0;
  while (from < text.length) {
    const feed = text.indexOf('\n', from);
    const to = feed < 0 ? text.length : feed;
    yield text.slice(from, text[to - 1] === '\r' ? to - 1 : to);
    from = to + 1;
  }
}
