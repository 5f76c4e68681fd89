// A configuration file as data: bytes -> value plus the place of every key, within caps that no honest file meets.
import { readFileSync, statSync } from 'node:fs';
import {
  type Document,
  isCollection,
  isMap,
  isPair,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml';
import { type ConfigIssue, SynosError } from '../../core/failure.ts';

const mostBytes = 1 << 20;
const mostDepth = 20;
const mostAliases = 50;

export type Place = { line: number; column: number };
export type YamlSource = { value: unknown; place(path: readonly PropertyKey[]): Place };

/** Reads and parses. Throws config.invalid with file:line:column for bad YAML, and for files beyond the caps. */
export function readYaml(file: string): YamlSource {
  const size = statSync(file).size;
  if (size > mostBytes) throw refuse(file, `${size} bytes; at most ${mostBytes} are read`);
  return parseYaml(file, readFileSync(file, 'utf8'));
}

function parseYaml(file: string, text: string): YamlSource {
  const counter = new LineCounter();
  const at = (offset: number): Place => {
    const { line, col } = counter.linePos(offset);
    return { line, column: col };
  };
  const document = guarded(file, () =>
    parseDocument(text, { lineCounter: counter, uniqueKeys: true, strict: true }),
  );
  const issues = document.errors.slice(0, 10).map((error) => ({
    path: '(yaml)',
    message: error.message.split('\n')[0] ?? error.code,
    ...at(error.pos[0]),
    source: 'file' as const,
  }));
  if (issues.length > 0) {
    throw new SynosError({
      code: 'config.invalid',
      file,
      issues,
      more: document.errors.length - issues.length,
    });
  }
  checkDepth(file, document);
  const value = guarded(file, () => document.toJS({ maxAliasCount: mostAliases }) as unknown);
  return { value: value ?? {}, place: (path) => placeOf(document, path, at) };
}

function refuse(file: string, message: string): SynosError {
  const issue: ConfigIssue = { path: '(file)', message, line: 1, column: 1, source: 'file' };
  return new SynosError({ code: 'config.invalid', file, issues: [issue], more: 0 });
}

// The parser recurses: a file of brackets overflows its stack, and an alias bomb is refused by it with a plain Error.
function guarded<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) throw refuse(file, 'nested too deeply');
    throw refuse(file, error instanceof Error ? error.message : String(error));
  }
}

function checkDepth(file: string, document: Document): void {
  const stack: { node: unknown; depth: number }[] = [{ node: document.contents, depth: 0 }];
  for (let top = stack.pop(); top; top = stack.pop()) {
    if (top.depth > mostDepth) throw refuse(file, `nested deeper than ${mostDepth} levels`);
    for (const child of childrenOf(top.node)) stack.push({ node: child, depth: top.depth + 1 });
  }
}

function childrenOf(node: unknown): unknown[] {
  if (!isCollection(node)) return [];
  return node.items.flatMap((item) => (isPair(item) ? [item.key, item.value] : [item]));
}

// The place of the deepest part of the path that the file has: of the key for a mapping, of the item for a list.
function placeOf(document: Document, path: readonly PropertyKey[], at: (offset: number) => Place): Place {
  let node: unknown = document.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const step of path) {
    const found = child(node, step);
    if (!found) break;
    offset = found.offset ?? offset;
    node = found.node;
  }
  return at(offset);
}

function child(node: unknown, step: PropertyKey): { node: unknown; offset: number | undefined } | undefined {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
    return pair ? { node: pair.value, offset: (pair.key as Node).range?.[0] } : undefined;
  }
  if (!isCollection(node)) return undefined;
  const item = node.items[Number(step)];
  return item === undefined ? undefined : { node: item, offset: isNode(item) ? item.range?.[0] : undefined };
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isCollection(value);
}
