// A terminal for guests that paint: what their escape sequences draw becomes lines, each told when it stands still or scrolls away.
import type { IBufferLine, Terminal } from '@xterm/headless';

type Library = { readonly Terminal: typeof Terminal };
type TerminalSize = { readonly columns: number; readonly rows: number };

export type Screen = {
  /** What the guest sends, in pieces of any size. It is drawn soon after. */
  feed(bytes: Buffer): void;
  /** Bytes that may be fed now: drawing may take longer than printing. */
  room(): number;
  /** To be called now and then: rows that did not change since the last call are told. */
  look(): void;
  /** Resolves when all that was fed is drawn, or that takes too long. */
  drawn(): Promise<void>;
  /** Tells what is on the screen and was not told yet. */
  finish(): void;
  /** The rows down to the last that is not blank, as they stand; not escaped. */
  rows(): readonly string[];
};

/** Rows kept above the screen; a piece of `pieceBytes` cannot scroll more than these out before they are read. */
const scrollback = 2048;
const pieceBytes = 1024;
const mostWaiting = 1 << 20;
const drawingMs = 5000;

/** Loads the terminal late: few machines have one. */
export async function screenMaker(size: TerminalSize): Promise<(onLine: (text: string) => void) => Screen> {
  const library: Partial<Library> & { default?: Library } = await import('@xterm/headless');
  // Node itself sees a CommonJS module without names, the bundle and the tests one with them.
  const { Terminal: Emulator } = (library.default ?? library) as Library;
  return (onLine) => openScreen(Emulator, size, onLine);
}

function openScreen(Emulator: typeof Terminal, size: TerminalSize, onLine: (text: string) => void): Screen {
  // Kernels end lines in a line feed alone; a guest that sends both is drawn the same.
  const options = { convertEol: true, allowProposedApi: true, logLevel: 'off' } as const;
  const terminal = new Emulator({ cols: size.columns, rows: size.rows, scrollback, ...options });
  const paper = paperOf(terminal, size.rows, onLine);
  const tame = tamer();
  let last: Promise<void> = Promise.resolve();
  let waiting = 0;
  return {
    feed(bytes) {
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        // A copy: the reader's buffer is used again before this is drawn.
        const piece = tame(bytes.subarray(at, at + pieceBytes));
        waiting += piece.length;
        last = new Promise((resolve) =>
          terminal.write(piece, () => {
            waiting -= piece.length;
            paper.scrolled();
            resolve();
          }),
        );
      }
    },
    room: () => Math.max(0, mostWaiting - waiting),
    look: () => paper.tell(true),
    drawn: () => within(last),
    finish() {
      paper.tell(false);
      terminal.dispose();
    },
    rows: paper.rows,
  };
}

async function within(drawing: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, drawingMs);
  });
  await Promise.race([drawing, late]);
  clearTimeout(timer);
}

// A copy (the reader's buffer is used again before it is drawn) in which no number of a sequence has more than four digits: a terminal
// repeats as often as it is told, two thousand million times if it must.
function tamer(): (bytes: Buffer) => Uint8Array {
  let inside = false;
  let digits = 0;
  let before = 0;
  const passes = (byte: number): boolean => {
    // ESC [ in two bytes or one; a letter ends the sequence.
    if ((before === 0x1b && byte === 0x5b) || byte === 0x9b) inside = true;
    else if (byte >= 0x40 && byte <= 0x7e) inside = false;
    digits = inside && byte >= 0x30 && byte <= 0x39 ? digits + 1 : 0;
    before = byte;
    return digits <= 4;
  };
  return (bytes) => Uint8Array.from(bytes.filter(passes));
}

// Which rows were told already. Rows that scrolled away are told at once, in order, unless they were told as they stood.
function paperOf(terminal: Terminal, height: number, onLine: (text: string) => void) {
  const blank = (): string[] => Array.from({ length: height }, () => '');
  const told = blank();
  let before = blank();
  // The part of a long line that scrolled away while its rest is still on the screen.
  let carried = '';
  let carriedTold: string | undefined;
  // Stands on the first row of the screen and moves with it.
  let top = terminal.registerMarker(0);

  const buffer = () => terminal.buffer.active;
  const textOf = (line: IBufferLine | undefined): string => line?.translateToString(true) ?? '';
  const tellRow = (text: string, y: number): void => {
    const known = y === 0 && carried !== '' ? carriedTold : told[y];
    if (text.trim() !== '' && text !== known) onLine(text);
    if (y === 0 && carried !== '') carriedTold = text;
    else told[y] = text;
  };
  // A row of the screen with the rows that continue it; they are told as one line, at the first.
  const logical = (y: number): string | undefined => {
    const base = buffer().baseY;
    if (y > 0 && buffer().getLine(base + y)?.isWrapped) return undefined;
    let text = (y === 0 ? carried : '') + textOf(buffer().getLine(base + y));
    for (let next = y + 1; next < height && buffer().getLine(base + next)?.isWrapped; next++)
      text += textOf(buffer().getLine(base + next));
    return text;
  };
  // The first row of those that were on the screen is above it now.
  const leave = (row: number): void => {
    const known = told.shift();
    if (carried === '') carriedTold = known;
    carried += textOf(buffer().getLine(row));
    told.push('');
    before.shift();
    before.push('');
    if (buffer().getLine(row + 1)?.isWrapped) return;
    if (carried.trim() !== '' && carried !== carriedTold) onLine(carried);
    carried = '';
  };
  return {
    scrolled(): void {
      if (buffer().type === 'alternate') return; // scrolls nothing into the rows above
      const first = Math.max(0, top?.line ?? 0);
      const base = buffer().baseY;
      for (let row = first; row < base; row++) {
        leave(row);
      }
      top?.dispose();
      top = terminal.registerMarker(-buffer().cursorY);
    },
    tell(still: boolean): void {
      const now = blank();
      for (let y = 0; y < height; y++) {
        const text = logical(y);
        if (text === undefined) continue;
        now[y] = text;
        if (!still || text === before[y]) tellRow(text, y);
      }
      before = now;
    },
    rows(): readonly string[] {
      const rows = Array.from({ length: height }, (_, y) =>
        textOf(buffer().getLine(buffer().baseY + y)).trimEnd(),
      );
      while (rows.at(-1) === '') rows.pop();
      return rows;
    },
  };
}
