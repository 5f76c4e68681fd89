// The one escaper for text from outside (serial ports, logs of other people's commands, package metadata): what passes is on an
// allow-list, everything else becomes visible as \xNN. The only way from a guest to a terminal, a log or a page.

// Letters, numbers, punctuation and symbols that show themselves. Left out, so escaped: controls, format characters (bidi overrides,
// zero width), line separators, private use, unassigned, combining marks (they pile up), and the letters that look like nothing.
const hidden = /[^\x20-\x7e\p{L}\p{N}\p{P}\p{S}]|[\u115f\u1160\u2800\u3164\uffa0]/gu;
const plain = /^[\x20-\x22\x24-\x39\x3b-\x7e]*$/;

/**
 * One line, safe for a terminal, a log and a CI runner's standard output. Tabs become spaces; a line feed is escaped too, so that one line
 * stays one line. CI runners read commands from output: GitHub takes `::` at the start of a line and `##[` anywhere, Azure
 * `##vso[`, TeamCity `##teamcity[`; each is broken by escaping one of its characters.
 */
export function visible(text: string): string {
  if (plain.test(text)) return text;
  return text
    .replace(/\t/g, '    ')
    .replace(hidden, escapeOne)
    .replace(/^(\s*):(?=:)/, '$1\\x3a')
    .replace(/##(?=\w*\[)/g, '#\\x23');
}

/** The same, shortened to a number of UTF-16 units, for text whose length nobody promised. */
export function visibleUpTo(text: string, most: number): string {
  if (text.length <= most) return visible(text);
  return `${visible(text.slice(0, most))}… (${text.length - most} more characters)`;
}

/** The lines of a text, each escaped, without the empty one behind the last line feed. */
export function visibleLines(text: string): string[] {
  const lines = text.replace(/\r\n?/g, '\n').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map(visible);
}

/** For the inside of an HTML element or a quoted attribute. */
export function forPage(text: string): string {
  return visible(text).replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function escapeOne(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}
