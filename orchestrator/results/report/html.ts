// HTML as a tagged template in which every string is escaped; only what this file's tag made goes in as it is.
import { forPage } from '../../../core/text.ts';

declare const made: unique symbol;
/** Markup that is safe to put into a page. */
export type Html = { readonly text: string; readonly [made]: true };
export type Part = Html | string | number | null | undefined | false | readonly Part[];

/** Strings and numbers are escaped by core/text.ts forPage, lists joined, and null, undefined and false are nothing. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return trusted(strings.reduce((text, string, index) => text + render(parts[index - 1]) + string));
}

/** For texts of our own that are no guest's: style sheets, scripts. */
export function trusted(text: string): Html {
  return { text } as Html;
}

function render(part: Part): string {
  if (part === null || part === undefined || part === false) return '';
  if (typeof part === 'string') return forPage(part);
  if (typeof part === 'number') return String(part);
  return isList(part) ? part.map(render).join('') : part.text;
}

function isList(part: Html | readonly Part[]): part is readonly Part[] {
  return Array.isArray(part);
}
