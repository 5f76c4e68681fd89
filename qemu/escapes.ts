// Takes a terminal's escape sequences out of text, so that what is left is what a reader would see. For patterns only: what is shown
// to anybody goes through core/text.ts.

// Control sequences (ECMA-48), strings for the terminal (titles and the like), and the short ones.
const sequence =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are made of them
  /\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])/g;
/** An open sequence that is longer is none. */
const longest = 256;

export function withoutEscapes(text: string): string {
  return text.includes('\x1b') ? text.replace(sequence, '') : text;
}

/** The same for text that comes in pieces: an open sequence is kept back until it is whole. */
export function escapeRemover(): (text: string) => string {
  let open = '';
  return (text) => {
    const plain = withoutEscapes(open + text);
    const start = plain.lastIndexOf('\x1b');
    const torn = start >= 0 && plain.length - start <= longest;
    open = torn ? plain.slice(start) : '';
    return torn ? plain.slice(0, start) : plain;
  };
}
