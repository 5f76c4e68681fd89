// Licences from Debian's copyright files: those in the machine-readable form (copyright-format 1.0, "DEP-5") become SPDX expressions
// where every name has one certain meaning; what has none keeps its text under a name of its own (SPDX annex D, LicenseRef).
import { digestOf } from '../../core/digest.ts';
import { Deb822Error, stanzas } from '../deb822.ts';
import { spdxException, spdxId } from './licence-names.ts';

/** A licence that the SPDX list does not have: its text is the licence. */
export type LicenceText = { readonly id: string; readonly name: string; readonly text: string };

export type Licences = {
  /** An SPDX expression. */
  readonly expression: string;
  /** Of the LicenseRefs in the expression. */
  readonly texts: readonly LicenceText[];
  /** `listed`: all names are of the SPDX list. `mixed`: some are kept as text. `text`: the whole file is. */
  readonly kind: 'listed' | 'mixed' | 'text';
};

/** Of one package. */
export function licencesOf(copyright: string): Licences {
  const stated = machineReadable(copyright);
  if (stated === undefined) {
    const whole = reference('copyright', copyright);
    return { expression: whole.id, texts: [whole], kind: 'text' };
  }
  const kept = new Map<string, LicenceText>();
  const keep = (name: string): string => {
    const own = reference(name, stated.textOf(name) || name);
    kept.set(own.id, own);
    return own.id;
  };
  const parts = stated.names.map((name) => expressionOf(name, stated.textOf, keep));
  const unique = [
    ...new Set(parts.flatMap((part) => (/[(]| OR /.test(part) ? [part] : part.split(' AND ')))),
  ].sort();
  const expression = unique
    .map((part) => (unique.length > 1 && / OR /.test(part) ? `(${part})` : part))
    .join(' AND ');
  const texts = [...kept.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  return { expression, texts, kind: texts.length === 0 ? 'listed' : 'mixed' };
}

/** The name says what Debian calls it, the digest makes it one text: two packages may mean different ones by `public-domain`. */
function reference(name: string, text: string): LicenceText {
  const clean =
    name
      .replace(/[^A-Za-z0-9.-]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 60) || 'unnamed';
  return { id: `LicenseRef-${clean}-${digestOf(text).slice(0, 12)}`, name, text };
}

type Stated = {
  /** Short names, or several with `and` and `or`, that files are under; each once. */
  readonly names: readonly string[];
  /** Empty where there is none. */
  textOf(name: string): string;
};

/** Undefined where the file is not machine-readable. */
function machineReadable(copyright: string): Stated | undefined {
  if (
    !/^Format(?:-Specification)?:.*(?:copyright-format|dep-?5|CopyrightFormat)/im.test(
      copyright.slice(0, 2000),
    )
  )
    return undefined;
  const names = new Set<string>();
  // A stanza without files has the text for all files that name it, also as a part of `A or B`.
  const texts = new Map<string, string>();
  try {
    for (const { fields } of stanzas(copyright)) {
      const [first = '', ...rest] = (fields.get('License') ?? '').split('\n');
      const name = first.trim().replace(/\s+/g, ' ');
      if (name === '') continue;
      const lines = rest.map((line) => line.replace(/^\s(?:\.$)?/, ''));
      if (!texts.get(name)) texts.set(name, lines.join('\n').trim());
      if (fields.has('Files')) names.add(name);
    }
  } catch (error) {
    if (error instanceof Deb822Error) return undefined;
    throw error;
  }
  return names.size === 0 ? undefined : { names: [...names], textOf: (name) => texts.get(name) ?? '' };
}

/**
 * `GPL-2+ or Artistic, and BSD-3-clause` in SPDX's words. `and` binds tighter than `or`; a comma in front turns that round
 * (copyright-format 1.0, "Syntax of the License field").
 */
function expressionOf(name: string, textOf: Stated['textOf'], keep: (name: string) => string): string {
  const simple = simpleOf(name, textOf(name));
  if (simple !== undefined) return simple;
  for (const [separator, word] of separators) {
    const parts = name.split(separator).map((part) => part.trim());
    if (parts.length < 2 || parts.includes('')) continue;
    return parts
      .map((part) => expressionOf(part, textOf, keep))
      .map((part) => (word === 'AND' && / OR /.test(part) ? `(${part})` : part))
      .join(` ${word} `);
  }
  return keep(name);
}

const separators: readonly (readonly [RegExp, 'AND' | 'OR'])[] = [
  [/,\s+and\s+/i, 'AND'],
  [/,\s+or\s+/i, 'OR'],
  [/\s+or\s+/i, 'OR'],
  [/\s+and\s+/i, 'AND'],
];

function simpleOf(name: string, text: string): string | undefined {
  const [licence = '', exception, ...more] = name.split(/\s+with\s+/i);
  const id = spdxId(licence, text);
  if (id === undefined || more.length > 0) return undefined;
  if (exception === undefined) return id;
  const known = spdxException(exception, licence);
  return known === undefined ? undefined : `${id} WITH ${known}`;
}
