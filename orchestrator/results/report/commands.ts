// The command that gives a figure again, beside the figure.
import { shellWords } from '../format.ts';
import type { StoredBoot, StoredRun } from '../run.ts';
import { type Html, html } from './html.ts';

/** What changes the guest or what it is built from; all else of a command line is for the reader of the time. */
const kept = ['--config', '--set', '--append', '--trace', '--budget', '-C', '--directory'];

/**
 * The whole boot, not the one benchmark: what ran before it in the same boot has shaped its heap, and narrowed to one suite a tenth of
 * our own kernel's exact figures differ.
 */
export function bootCommand(
  { command }: Pick<StoredRun, 'command'>,
  { machine, exact }: Pick<StoredBoot, 'machine' | 'exact'>,
): string {
  return shellWords(['synos', 'boot', machine, exact ? '--exact' : '--no-exact', ...keptOf(command)]);
}

function keptOf(command: readonly string[]): string[] {
  return command.flatMap((word, index) => {
    if (kept.includes(word)) return [word, command[index + 1] ?? ''];
    return kept.some((option) => option.startsWith('--') && word.startsWith(`${option}=`)) ? [word] : [];
  });
}

/** With a button that copies it, which the page's script shows. */
export function commandLine(...commands: readonly string[]): Html {
  return html`${[...new Set(commands)].map(
    (command) =>
      html`<p class="cmd"><code>${command}</code> <button type="button" class="copy" hidden aria-label="Copy the command ${command}">Copy</button></p>`,
  )}`;
}
