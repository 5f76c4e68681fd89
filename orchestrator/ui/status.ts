// One line that tells what goes on now and is written over by the next; nothing where no terminal shows it.
import { isLive } from './output.ts';

export type StatusLine = { show(text: string): void; clear(): void };

/** `text` is to be one line, and no longer than the terminal is wide. */
export function statusLine(stream: NodeJS.WriteStream): StatusLine {
  if (!isLive(stream)) return { show: () => {}, clear: () => {} };
  let shown = false;
  return {
    show(text) {
      shown = true;
      stream.write(`\r\x1b[2K${text}`);
    },
    clear() {
      if (shown) stream.write('\r\x1b[2K');
      shown = false;
    },
  };
}
