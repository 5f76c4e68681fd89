// What of a guest's console reaches a person's terminal: text, cursor movement, erasing and colours, by an allow-list. What would set a
// title, write a clipboard, or make the terminal answer (and so type at the guest in the person's name) is dropped.

/** Finals of CSI sequences: moves, erases, inserts, deletes, scrolls, colours, saves and restores the cursor. */
const finals = new Set([...'ABCDEFGHJKLMPSTX@`adefmrsu']);
/** Modes that may be set and reset: application cursor keys, wrapping, the cursor's visibility, the alternate screen. */
const modes = /^\?(?:1|7|25|47|1047|1049)$/;
/** Longer ones are none. */
const longest = 64;

export type TerminalFilter = (bytes: Buffer) => string;

type State = 'text' | 'escape' | 'csi' | 'string' | 'one';
type Reading = {
  state: State;
  /** Parameters of the CSI sequence that is being read. */
  open: string;
  out: string;
  readonly utf8: (char: string) => string;
};

/** Takes bytes and gives text in which each unit is a byte (Latin-1), so that UTF-8 stays whole over any split. */
export function terminalFilter(): TerminalFilter {
  const reading: Reading = { state: 'text', open: '', out: '', utf8: wholeCharacters() };
  return (bytes) => {
    reading.out = '';
    for (const char of bytes.toString('latin1')) steps[reading.state](reading, char);
    return reading.out;
  };
}

const steps: { readonly [S in State]: (reading: Reading, char: string) => void } = {
  text(reading, char) {
    if (char === '\x1b') reading.state = 'escape';
    else reading.out += reading.utf8(char);
  },
  escape(reading, char) {
    reading.open = '';
    reading.state = behindEscape(char);
    if (/[78DEM]/.test(char)) reading.out += `\x1b${char}`;
  },
  csi(reading, char) {
    if (/[ -?]/.test(char) && reading.open.length < longest) {
      reading.open += char;
      return;
    }
    reading.state = char === '\x1b' ? 'escape' : 'text';
    if (mayPass(reading.open, char)) reading.out += `\x1b[${reading.open}${char}`;
  },
  // To BEL or ST; a line feed ends it, too, so that a torn one cannot swallow the rest of the session.
  string(reading, char) {
    if (char === '\x07' || char === '\n') reading.state = 'text';
    else if (char === '\x1b') reading.state = 'escape';
  },
  one(reading) {
    reading.state = 'text';
  },
};

function behindEscape(char: string): State {
  if (char === '[') return 'csi';
  if (char === '\x1b') return 'escape';
  if (/[\]PX^_]/.test(char)) return 'string';
  return /[ -/]/.test(char) ? 'one' : 'text';
}

function mayPass(parameters: string, final: string): boolean {
  if (final === 'h' || final === 'l') return modes.test(parameters);
  return finals.has(final) && /^[\d;:]*$/.test(parameters);
}

const controls = new Set('\r\n\t\b\x07');

// Bytes of UTF-8 that belong to a character. U+0080 to U+009F (c2 80 to c2 9f) are controls again, U+009B the start of a CSI sequence.
function wholeCharacters(): (char: string) => string {
  let left = 0;
  let held = '';
  const follow = (char: string, code: number): string => {
    if (left === 0) return '';
    left--;
    const before = held;
    held = '';
    return before !== '' && code < 0xa0 ? '' : before + char;
  };
  return (char) => {
    const code = char.charCodeAt(0);
    if (code < 0x80) {
      left = 0;
      return isPrinted(char, code) ? char : '';
    }
    if (code < 0xc0) return follow(char, code);
    left = bytesBehind(code);
    held = code === 0xc2 ? char : '';
    return left > 0 && held === '' ? char : '';
  };
}

const isPrinted = (char: string, code: number): boolean =>
  (code >= 0x20 && code !== 0x7f) || controls.has(char);

/** How many bytes of a character come behind its first one. */
function bytesBehind(first: number): number {
  if (first < 0xc2 || first > 0xf4) return 0;
  if (first >= 0xf0) return 3;
  return first >= 0xe0 ? 2 : 1;
}
