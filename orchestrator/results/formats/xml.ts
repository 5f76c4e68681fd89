// Reads XML of strangers: elements and attributes, which is all that JUnit needs. No document types, so no entities of their own, and
// nothing is fetched or grows. Every fault with its line and column. https://www.w3.org/TR/xml/
import { visible } from '../../../core/text.ts';
import { FormatFault } from './fault.ts';
import { lineAndColumn } from './json-text.ts';

export type XmlReader = {
  open(tag: string, attributes: { readonly [name: string]: string }, offset: number): void;
  close(tag: string): void;
};

const deepest = 64;
const name = '[A-Za-z_:][\\w:.-]*';
const opening = new RegExp(`^<(${name})((?:\\s+${name}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(/?)>`);
const closing = new RegExp(`</(${name})\\s*>`, 'y');
const attribute = new RegExp(`(${name})\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'g');
/** What is passed over: where it begins, and where it ends. */
const others: readonly (readonly [string, string])[] = [
  ['<!--', '-->'],
  ['<![CDATA[', ']]>'],
  ['<?', '?>'],
];

const longestTag = 65_536;

/** Throws FormatFault. */
export function readXml(text: string, reader: XmlReader): void {
  const open: string[] = [];
  let roots = 0;
  let at = text.indexOf('<');
  if (text.slice(0, Math.max(0, at)).trim() !== '') faultAt(text, 'text stands before the first element', 0);
  for (; at >= 0; at = text.indexOf('<', at)) {
    const passed = behindOther(text, at) ?? behindClosing(text, at, open, reader);
    if (passed !== undefined) {
      at = passed;
      continue;
    }
    if (open.length === 0 && roots++ > 0) faultAt(text, 'there is a second document', at);
    at = behindOpening(text, at, open, reader);
  }
  if (open.length > 0 || roots === 0)
    faultAt(
      text,
      roots === 0 ? 'there is no element in it' : `the file ends inside <${open.at(-1)}>`,
      text.length,
    );
}

function faultAt(text: string, reason: string, offset: number): never {
  throw new FormatFault(reason, lineAndColumn(text, offset));
}

/** Comments, sections and instructions. */
function behindOther(text: string, at: number): number | undefined {
  const other = others.find(([begin]) => text.startsWith(begin, at));
  if (!other) {
    if (text.startsWith('<!', at)) faultAt(text, 'document types are not read', at);
    return undefined;
  }
  const end = text.indexOf(other[1], at + other[0].length);
  if (end < 0) faultAt(text, `${other[0]} does not end`, at);
  return end + other[1].length;
}

function behindClosing(text: string, at: number, open: string[], reader: XmlReader): number | undefined {
  closing.lastIndex = at;
  const closed = closing.exec(text)?.[1];
  if (closed === undefined) return undefined;
  const last = open.pop();
  if (last !== closed)
    faultAt(text, `</${closed}> closes ${last === undefined ? 'nothing' : `<${last}>`}`, at);
  reader.close(closed);
  return closing.lastIndex;
}

function behindOpening(text: string, at: number, open: string[], reader: XmlReader): number {
  const [whole = '', tag = '', inside = '', empty] = opening.exec(text.slice(at, at + longestTag)) ?? [];
  if (tag === '') faultAt(text, 'this is no element', at);
  if (open.length >= deepest) faultAt(text, `it is nested deeper than ${deepest}`, at);
  reader.open(
    tag,
    attributesOf(inside, (reason) => faultAt(text, reason, at)),
    at,
  );
  if (empty === '/') reader.close(tag);
  else open.push(tag);
  return at + whole.length;
}

function attributesOf(text: string, fault: (reason: string) => never): { [name: string]: string } {
  const attributes: { [name: string]: string } = Object.create(null);
  for (const [, key = '', double, single] of text.matchAll(attribute)) {
    if (key in attributes) fault(`the attribute ${visible(key)} stands twice`);
    attributes[key] = unescaped(double ?? single ?? '', fault);
  }
  return attributes;
}

const entities: { readonly [name: string]: string } = {
  __proto__: null as never,
  ...{ lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" },
};

function unescaped(text: string, fault: (reason: string) => never): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w{1,20}));|&/g, (whole, ten, sixteen, named) => {
    if (named !== undefined)
      return entities[named as string] ?? fault(`the entity ${visible(whole)} is unknown`);
    const code = ten === undefined ? Number.parseInt(String(sixteen), 16) : Number(ten);
    if (!(code > 0 && code <= 0x10ffff)) fault(`${visible(whole)} is no character`);
    return String.fromCodePoint(code);
  });
}
