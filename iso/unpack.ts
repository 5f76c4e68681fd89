// Unpacks a batch of packages without touching a file system with them: each .deb's tar is checked entry by entry and copied into one
// tar, below a folder of the package's name. No link is ever followed, because none is ever made; nothing needs to be root.
import { createHash, type Hash } from 'node:crypto';
import { open, writeFile } from 'node:fs/promises';
import type { ActionContext } from '../core/action.ts';
import { visible } from '../core/text.ts';
import { controlText, dataEntries, isPackagesFault, type OpenDeb, openDeb, unpackFailed } from './deb.ts';
import { checkEntry, EntryError, limits, type SafeEntry } from './entry.ts';
import { type DebFacts, type EntryFacts, formatFacts } from './facts.ts';
import { type Deb, type Mirrors, readDeb } from './fetch.ts';
import type { TarEntry, TarReader } from './tar.ts';
import { TarWriter } from './tar-writer.ts';

export type UnpackParams = { readonly debs: readonly Deb[]; readonly mirrors: Mirrors };

/**
 * Writes three outputs: `files`, a tar of `<package>/<place>` and of each package's control files at
 * `<package>/var/lib/dpkg/info/`, without directories; `debs`, a tar of the .debs that dpkg itself must unpack; `facts`.
 * Throws SynosError package.failed, digest.mismatch, network.away.
 */
export async function unpackBatch(params: UnpackParams, context: ActionContext): Promise<void> {
  await using files = await open(context.output('files'), 'w');
  await using debs = await open(context.output('debs'), 'w');
  const out = { files: new TarWriter(files), debs: new TarWriter(debs) };
  const facts: DebFacts[] = [];
  // One ahead: the next is decompressed by another process while this one is copied.
  let ahead = begin(params, 0, context);
  for (let i = 0; i < params.debs.length; i++) {
    context.signal.throwIfAborted();
    const next = await ahead;
    ahead = begin(params, i + 1, context);
    ahead.catch(() => {}); // told when its turn comes; an earlier failure must not leave it unheard
    if (!next) break;
    const row = await copyDeb(next.opened, out.files);
    await next.opened.close();
    if (row.preinst) await out.debs.file({ ...plainFile, name: `${row.name}.deb` }, next.bytes);
    facts.push(row);
    context.emit({
      type: 'task.progress',
      task: context.task.id,
      done: i + 1,
      total: params.debs.length,
      unit: 'packages',
    });
  }
  await out.files.finish();
  await out.debs.finish();
  await writeFile(context.output('facts'), formatFacts(facts));
}

async function begin(
  params: UnpackParams,
  index: number,
  context: ActionContext,
): Promise<{ opened: OpenDeb; bytes: Buffer } | undefined> {
  const deb = params.debs[index];
  if (!deb) return undefined;
  const bytes = await readDeb(deb, { ...context, mirrors: params.mirrors, onBytes: () => {} });
  return { opened: await openDeb(deb, bytes, context), bytes };
}

const plainFile = { mode: 0o644, uid: 0, gid: 0, mtime: 0, link: '', major: 0, minor: 0 };

async function copyDeb(opened: OpenDeb, out: TarWriter): Promise<DebFacts> {
  try {
    return await copyChecked(opened, out);
  } catch (error) {
    if (error instanceof EntryError || isPackagesFault(error))
      throw unpackFailed(opened.deb, [visible(error.message)], error);
    throw error;
  }
}

async function copyChecked(opened: OpenDeb, out: TarWriter): Promise<DebFacts> {
  const name = opened.deb.name;
  const infoName =
    opened.control.get('Multi-Arch') === 'same' ? `${name}:${opened.control.get('Architecture')}` : name;
  const tree = new Map<string, SafeEntry>();
  const entries: EntryFacts[] = [];
  const sums = new Sums(opened);
  for await (const { entry, reader } of dataEntries(opened)) {
    const safe = checkEntry(entry);
    if (!addToTree(tree, safe)) continue;
    entries.push(entryFacts(safe));
    if (entries.length > limits.entries) throw new EntryError(`more than ${limits.entries} entries`);
    if (safe.kind !== 'dir') await copyEntry(safe, name, reader, out, sums.begin(safe));
  }
  for (const [file, { mode, mtime, content }] of opened.files)
    await out.file(
      { ...plainFile, name: `${name}/var/lib/dpkg/info/${infoName}.${file}`, mode, mtime },
      content,
    );
  return {
    name,
    version: opened.deb.version,
    sha256: opened.deb.sha256,
    infoName,
    control: [...opened.control],
    conffiles: sums.conffiles(),
    md5sums: opened.files.has('md5sums') ? null : sums.md5sums(),
    triggers: controlText(opened, 'triggers'),
    preinst: opened.files.has('preinst'),
    entries,
  };
}

// False for an entry that says again what is known. Within one package nothing may lie behind a link, or twice at one place.
function addToTree(tree: Map<string, SafeEntry>, entry: SafeEntry): boolean {
  const before = tree.get(entry.place);
  if (before) {
    if (before.kind === 'dir' && entry.kind === 'dir') return entry.shipped !== before.shipped;
    throw new EntryError(`${entry.name} is there twice`);
  }
  for (let at = entry.place.lastIndexOf('/'); at > 0; at = entry.place.lastIndexOf('/', at - 1)) {
    const parent = tree.get(entry.place.slice(0, at));
    if (parent && parent.kind !== 'dir') throw new EntryError(`${entry.name} lies behind ${parent.name}`);
    if (parent) break;
  }
  if (entry.kind === 'hardlink' && tree.get(entry.link)?.kind !== 'file')
    throw new EntryError(
      `${entry.name} is a hard link to something that the package does not ship before it`,
    );
  tree.set(entry.place, entry);
  return true;
}

async function copyEntry(
  safe: SafeEntry,
  folder: string,
  reader: TarReader,
  out: TarWriter,
  hash: Hash | undefined,
): Promise<void> {
  const link = safe.kind === 'hardlink' ? `${folder}/${safe.link}` : safe.link;
  const entry: TarEntry = { ...safe, name: `${folder}/${safe.place}`, link };
  await out.entry(entry);
  if (safe.kind !== 'file') return;
  await reader.body(async (piece) => {
    hash?.update(piece);
    await out.body(piece);
  });
  await out.end(safe.size);
}

function entryFacts(entry: SafeEntry): EntryFacts {
  const { shipped, place, kind, mode, uid, gid, mtime } = entry;
  return { shipped, place, kind, mode, uid, gid, mtime };
}

// MD5 as dpkg keeps it: of configuration files always, of the other files where the package brings no list.
class Sums {
  readonly #conffiles: readonly string[];
  readonly #all: boolean;
  readonly #hashes = new Map<string, Hash>();

  constructor(opened: OpenDeb) {
    this.#all = !opened.files.has('md5sums');
    // A line may have a flag before the path: `remove-on-upgrade` names a file that is not shipped.
    this.#conffiles = controlText(opened, 'conffiles')
      .split('\n')
      .map((line) => line.trimEnd())
      .filter((line) => line.startsWith('/'));
  }

  begin(entry: SafeEntry): Hash | undefined {
    const path = `/${entry.shipped}`;
    if (entry.kind !== 'file' || !(this.#all || this.#conffiles.includes(path))) return undefined;
    const hash = createHash('md5');
    this.#hashes.set(path, hash);
    return hash;
  }

  conffiles(): [string, string][] {
    return this.#conffiles.map((path) => {
      const hash = this.#hashes.get(path);
      if (!hash) throw new EntryError(`${path} is named in conffiles and not shipped as a file`);
      return [path, this.#hex(path)];
    });
  }

  md5sums(): string {
    return [...this.#hashes.keys()].map((path) => `${this.#hex(path)}  ${path.slice(1)}\n`).join('');
  }

  readonly #done = new Map<string, string>();

  #hex(path: string): string {
    const known = this.#done.get(path) ?? this.#hashes.get(path)?.digest('hex') ?? '';
    this.#done.set(path, known);
    return known;
  }
}
