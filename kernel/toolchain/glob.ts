// Globs over the paths of a project: `*` and `?` stay within a folder, `**` goes through any number of them, `{a,b}` is either, `[a-z]` one
// character. Files whose names begin with a dot are like all others.

/** The paths that the globs choose. `!` in front leaves out; with nothing else but those, all others are chosen. */
export function chosenBy(globs: readonly string[], paths: readonly string[]): string[] {
  const wanted = globs.filter((glob) => !glob.startsWith('!')).map(patternOf);
  const unwanted = globs.filter((glob) => glob.startsWith('!')).map((glob) => patternOf(glob.slice(1)));
  return paths.filter(
    (path) =>
      (wanted.length === 0 || wanted.some((pattern) => pattern.test(path))) &&
      !unwanted.some((pattern) => pattern.test(path)),
  );
}

/** A folder stands for all that is in it. */
function patternOf(glob: string): RegExp {
  const clean = glob.replace(/^(?:\.\/+)+/, '').replace(/\/+$/, '');
  const body = clean === '.' ? '.*' : sourceOf(clean);
  try {
    return new RegExp(`^${body}(?:/.*)?$`, 's');
  } catch {
    return new RegExp(`^${literal(clean)}(?:/.*)?$`, 's'); // a range that runs backwards: taken by the letter
  }
}

const token = /\*\*\/|\*+|\?|\[!?[^\]/]+\]|./gs;

const plain: { readonly [text: string]: string } = { '**/': '(?:[^/]*/)*', '*': '[^/]*', '?': '[^/]' };

function sourceOf(glob: string): string {
  const braces = glob.split('{').length === glob.split('}').length;
  let open = 0;
  // Outside of braces that close, they and the comma stand for themselves.
  const brace = (text: string): string | undefined => {
    if (text === '{' && braces && ++open > 0) return '(?:';
    if (text === '}' && open > 0 && open-- > 0) return ')';
    return text === ',' && open > 0 ? '|' : undefined;
  };
  return glob.replace(token, (text) => {
    const known = plain[text] ?? brace(text);
    if (known !== undefined) return known;
    if (text.startsWith('**')) return '.*';
    return text.length > 1 ? characterClass(text) : literal(text);
  });
}

function characterClass(text: string): string {
  const inverted = text.startsWith('[!');
  const inner = text.slice(inverted ? 2 : 1, -1).replace(/[\\^[\]]/g, '\\$&');
  return `[${inverted ? '^' : ''}${inner}]`;
}

const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
