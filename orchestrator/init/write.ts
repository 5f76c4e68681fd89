// The guess as a commented synos.yaml.
import { visibleUpTo } from '../../core/text.ts';
import type { Because } from './candidate.ts';
import type { Guess, Machine } from './guess.ts';

export type Page = { readonly schema: string | undefined };

/** `schema`: where the JSON Schema of the file lies, for editors. */
export function configText(guess: Guess, { schema }: Page): string {
  return [
    ...(schema === undefined ? [] : [`# yaml-language-server: $schema=${schema}`]),
    '# Written by `synos init` from what lies in this folder. Every setting: `synos schema config`; what each is now: `synos config`.',
    ...openLines(guess.open),
    ...kernelLines(guess),
    'machines:',
    ...guess.machines.flatMap((machine) => machineLines(machine, guess)),
    '# ci: # what `synos ci` boots and judges, for pipelines (docs/ci.md); without it the first machine',
    `#   machines: ${list(guess.machines.map(({ name }) => name))}`,
    '',
  ].join('\n');
}

function openLines(open: readonly string[]): string[] {
  if (open.length === 0) return [];
  return ['#', '# Left to fill in, or to look at:', ...open.map((line) => `# - ${comment(line)}`), '#'];
}

function kernelLines({ build, because }: Guess): string[] {
  const why = (path: string): string => reason(because, path);
  if (build.sources) {
    const { dir, linkerScript, include } = build.sources;
    return [
      'kernel:',
      '  kind: sources # SynOS compiles and links them itself',
      `  dir: ${scalar(dir)}`,
      `  linkerScript: ${scalar(linkerScript)}${why('kernel.linkerScript')}`,
      '  symbolScript: null # no symbol table in the kernel itself',
      `  include: ${list(include)}`,
    ];
  }
  const { command, dir, outputs, tools, network } = build;
  return [
    'kernel:',
    '  kind: command',
    ...(dir === '.' ? [] : [`  dir: ${scalar(dir)} # where the command runs`]),
    ...(command ? [`  command: ${list(command)}${why('kernel.command')}`] : []),
    '  outputs: # paths in the project',
    ...Object.entries(outputs).map(
      ([name, path]) => `    ${name}: ${scalar(path)}${why(`kernel.outputs.${name}`)}`,
    ),
    ...(command ? restOfBuild(tools, network, why('kernel.network')) : []),
  ];
}

function restOfBuild(tools: readonly string[], network: boolean, why: string): string[] {
  return [
    tools.length > 0
      ? `  tools: ${list(tools)} # a new version of one of them builds anew`
      : '  # tools: [gcc, ld] # programs that the command runs: a new version of one of them builds anew',
    network ? `  network: true${why}` : '  # network: true # where the build fetches something',
    '  # incremental: true # keeps the build folder for the next build, as a build by hand does',
    "  # inputs: ['**', '!docs'] # what the build reads; without it all files that git lists",
  ];
}

function machineLines({ name, settings }: Machine, { because, prints }: Guess): string[] {
  return [
    `  ${name}:${reason(because, `machines.${name}`)}`,
    ...Object.entries(settings).map(
      ([key, value]) => `    ${key}: ${typeof value === 'number' ? value : scalar(value)}`,
    ),
    ...rulesLines(prints),
  ];
}

function rulesLines(prints: Guess['prints']): string[] {
  if (prints === 'records') return [];
  if (prints === 'ktap')
    return ['    # rules: { done: ktap } # the boot has passed when every test of its plan is ok'];
  return [
    '    # rules: # what its serial port must say (docs/serial.md)',
    "    #   pass: 'all tests passed'",
    "    #   fail: ['FAILED']",
    "    #   panic: ['PANIC']",
  ];
}

function reason(because: readonly Because[], path: string): string {
  const found = because.find((one) => one.path === path);
  return found ? ` # ${comment(found.why)}` : '';
}

/** Names come from the repository: what they hold must not become a line of its own. */
const comment = (text: string): string => visibleUpTo(text, 200);

/** A plain word where YAML takes it for text, else in double quotes, as JSON has them. */
function scalar(text: string): string {
  const plain =
    /^[A-Za-z_./][A-Za-z0-9_./+-]*$/.test(text) &&
    !/^(?:true|false|yes|no|on|off|null|~|y|n|\.(?:inf|nan))$/i.test(text);
  return plain
    ? text
    : JSON.stringify(text).replace(
        /[\u007f-\uffff]/g,
        (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
}

const list = (items: readonly string[]): string => `[${items.map(scalar).join(', ')}]`;
