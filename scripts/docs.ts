// Prints the pages that have one source in the code: docs/config.md from the schema, docs/errors.md from the table of failures,
// docs/cli.md from the declared commands. `--check` only says whether they are current.
import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { failureTable } from '../core/failure-table.ts';
import { makeProgram } from '../orchestrator/cli/main.ts';
import { type SchemaNode, variableOf } from '../orchestrator/config/overrides.ts';
import { configJsonSchema } from '../orchestrator/config/schema.ts';

type Documented = SchemaNode & {
  description?: string;
  default?: unknown;
  enum?: readonly unknown[];
  const?: unknown;
  minimum?: number;
  maximum?: number;
  items?: Documented;
  propertyNames?: { pattern?: string };
};

function configPage(): string {
  const rows = leaves(configJsonSchema() as Documented, []).map(({ path, node }) => {
    const fallback = node.default === undefined ? '' : `\`${JSON.stringify(node.default)}\``;
    return `| \`${path.join('.')}\` | ${typeText(node)} | ${cell(shorten(fallback))} | ${cell(node.description ?? '')} |`;
  });
  return `# Configuration

Printed from the schema by \`node scripts/docs.ts\`; \`synos schema config\` prints the JSON Schema itself.

\`synos.yaml\` is data, never executed. Unknown keys and wrong types are refused with file:line:column. Every value can be set by a
variable, too (\`kernel.compiler\` is \`${variableOf(['kernel', 'compiler'])}\`), or by \`--set kernel.compiler=clang\`. Options beat variables beat the
file beat defaults; \`synos config\` prints each value with where it came from.

| setting | type | default | meaning |
|---|---|---|---|
${rows.join('\n')}
`;
}

function leaves(node: Documented, path: readonly string[]): { path: readonly string[]; node: Documented }[] {
  const choices = (node.anyOf ?? node.oneOf ?? [node]) as readonly Documented[];
  const named = choices.flatMap((choice, index) =>
    Object.entries(choice.properties ?? {}).map(
      ([key, child]) => [key, index === 0 ? child : ofKind(choice, child as Documented)] as const,
    ),
  );
  const free =
    typeof node.additionalProperties === 'object' ? [['NAME', node.additionalProperties] as const] : [];
  if (node.items?.properties) return [{ path, node }, ...leaves(node.items, [...path, 'N'])];
  if (named.length + free.length === 0) return [{ path, node }];
  // Of a value that may be a word, too, in place of a group of settings.
  const whole = choices.some((choice) => plain(choice)) && choices.length > 1 ? [{ path, node }] : [];
  const inside = [...named, ...free].flatMap(([key, child]) => {
    // A named entry of a free mapping has no sentence of its own.
    const says = { description: node.description, ...(child as Documented) } as Documented;
    return leaves(says, [...path, key]);
  });
  return [...whole, ...inside];
}

function plain(node: Documented): boolean {
  return node.type !== 'object' && node.properties === undefined;
}

// Settings of the second kind of something may have the names of those of the first.
function ofKind(choice: Documented, child: Documented): Documented {
  const kind = choice.properties?.['kind'] as Documented | undefined;
  if (kind === undefined || kind === child) return child;
  return { ...child, description: `\`kind: ${String(kind.const)}\`: ${child.description ?? ''}` };
}

function typeText(node: Documented): string {
  if (node.anyOf) return node.anyOf.filter(plain).map(typeText).join(' or ');
  if (node.enum) return node.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (node.const !== undefined) return `\`${String(node.const)}\``;
  if (node.type === 'array') return `list of ${node.items ? typeText(node.items) : 'values'}`;
  const range =
    node.minimum !== undefined && node.maximum !== undefined && Math.abs(node.maximum) < 2 ** 53 - 1
      ? ` ${node.minimum} to ${node.maximum}`
      : '';
  return `${String(node.type ?? 'text')}${range}`;
}

function errorsPage(): string {
  const rows = Object.entries(failureTable).map(
    ([code, entry]) => `| \`${code}\` | ${entry.exit} | ${entry.when} |`,
  );
  return `# Failures and exit codes

Printed from the table of failures (\`core/failure-table.ts\`) by \`node scripts/docs.ts\`. With \`--json\` the code is in \`errors[].code\`.

| code | exit | when |
|---|---|---|
${rows.join('\n')}

Exit 0 is success, 1 work that failed, 2 wrong usage or configuration, 3 a regression that the gate found, 4 something that this machine lacks, 6 a guest that did not finish,
7 a result that is incomplete or damaged, 130 an interruption.
`;
}

function cliPage(): string {
  const commands = makeProgram().commands.filter((command) => command.name() !== 'complete');
  // A command of commands is told by those.
  const help = (command: Command, name = command.name()): string => {
    if (command.commands.length > 0)
      return command.commands.map((inner) => help(inner, `${name} ${inner.name()}`)).join('\n');
    command.configureHelp({ helpWidth: 110 });
    return `## synos ${name}\n\n\`\`\`text\n${command.helpInformation().trimEnd()}\n\`\`\`\n`;
  };
  return `# Commands

Printed from the declared commands by \`node scripts/docs.ts\`.

Results go to standard output, everything else to standard error. \`--json\` puts exactly one document on standard output; \`synos schema\`
lists the JSON Schemas of those documents.

${commands.map((command) => help(command)).join('\n')}`;
}

function cell(text: string): string {
  return text.replace(/\|/g, '\\|').replace(/\n/g, ' ');
}

function shorten(text: string): string {
  return text.length > 70 ? `${text.slice(0, 66)}…\`` : text;
}

const pages: { readonly [file: string]: () => string } = {
  'docs/config.md': configPage,
  'docs/errors.md': errorsPage,
  'docs/cli.md': cliPage,
};
let stale = 0;
for (const [file, page] of Object.entries(pages)) {
  const text = page();
  let before = '';
  try {
    before = readFileSync(file, 'utf8');
  } catch {
    // a page that is not there yet is stale
  }
  if (text === before) continue;
  stale++;
  if (process.argv.includes('--check'))
    process.stderr.write(`${file} is not what the code says: run node scripts/docs.ts\n`);
  else writeFileSync(file, text);
}
if (process.argv.includes('--check') && stale > 0) process.exitCode = 1;
