// `synos completion`: a script for each shell that asks synos itself, so that commands, options and machine names have one source.
import type { Command, Option } from 'commander';
import { SynosError } from '../../core/failure.ts';
import { nearest } from '../../core/near.ts';
import { writeOut } from '../ui/output.ts';
import type { Flags } from './flags.ts';

const scripts: { readonly [shell: string]: string } = {
  bash: `_synos() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(synos complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _synos synos`,
  zsh: `#compdef synos
_synos() {
  local -a candidates
  candidates=(\${(f)"$(synos complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  compadd -- $candidates || _files
}
compdef _synos synos`,
  fish: `complete -c synos -a '(synos complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'`,
};

export async function completion(_flags: Flags, args: readonly string[]): Promise<number> {
  const shell = args[0] ?? '';
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (script === undefined) {
    throw new SynosError({
      code: 'name.unknown',
      kind: 'shell',
      name: shell,
      near: nearest(shell, Object.keys(scripts)),
    });
  }
  writeOut(script);
  return 0;
}

/** Prints the candidates for the last of the words, one a line. Never fails: a shell waits for it. */
export async function complete(program: Command, words: readonly string[]): Promise<number> {
  const current = words.at(-1) ?? '';
  const candidates = await candidatesFor(program, words).catch(() => []);
  const fitting = candidates.filter((word) => word.startsWith(current));
  if (fitting.length > 0) writeOut(fitting.join('\n'));
  return 0;
}

async function candidatesFor(program: Command, words: readonly string[]): Promise<string[]> {
  const visible = program.commands.filter((command) => !command.name().startsWith('complete'));
  const first = program.commands.find((command) => command.name() === words[0]);
  if (words.length <= 1 || !first)
    return [...visible.map((command) => command.name()), 'completion', 'help', '--help', '--version'];
  const inner = first.commands.find((command) => command.name() === words[1]);
  if (first.commands.length > 0 && (words.length <= 2 || !inner))
    return first.commands.map((command) => command.name());
  const chosen = inner ?? first;
  const typed = words.at(-2);
  const previous = chosen.options.find(
    (option) => typed !== undefined && (option.long === typed || option.short === typed),
  );
  if (previous?.argChoices) return [...previous.argChoices];
  if (previous?.long === '--workload') return [...(await import('../plan/host-bench.ts')).hostWorkloads];
  if (chosen.name() === 'lock' && /^--(?:why|update)$/.test(previous?.long ?? '')) return lockedNames();
  if (previous?.required) return []; // a value that only the shell can complete, as a file
  if ((words.at(-1) ?? '').startsWith('-')) return chosen.options.flatMap(names);
  return argumentsOf(chosen.name());
}

async function lockedNames(): Promise<string[]> {
  const { loadConfig } = await import('../config/load.ts');
  const { config, tree } = loadConfig({ directory: process.cwd(), environment: process.env, set: [] });
  return (await import('./lock-why.ts')).lockedNames(config.iso, tree);
}

function names(option: Option): string[] {
  return [option.long, option.short].filter((name): name is string => typeof name === 'string');
}

async function argumentsOf(command: string): Promise<string[]> {
  switch (command) {
    case 'build':
      return ['kernel', 'iso', 'disk', 'all'];
    case 'completion':
      return Object.keys(scripts);
    case 'boot': {
      const { loadConfig } = await import('../config/load.ts');
      const { config } = loadConfig({ directory: process.cwd(), environment: process.env, set: [] });
      return Object.keys(config.machines);
    }
    case 'schema':
      return (await import('./schema.ts')).schemaNames();
    default:
      return [];
  }
}
