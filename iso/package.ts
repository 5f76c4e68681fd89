// Reads one package's data entry by entry, each checked before anything is done with it, and hands what it ships to a sink.
import { createHash, type Hash } from 'node:crypto';
import { visible } from '../core/text.ts';
import { controlText, dataEntries, isPackagesFault, type OpenDeb, unpackFailed } from './deb.ts';
import { checkEntry, EntryError, limits, type SafeEntry } from './entry.ts';
import type { DebFacts, EntryFacts } from './facts.ts';

/** Hands a file's bytes on in pieces, which are valid until the promise of `sink` resolves. */
export type Body = (sink: (piece: Uint8Array) => Promise<void>) => Promise<void>;

export type PackageSink = {
  /** Every entry that counts, in the order of the archive. The body of a file must be read. */
  entry(entry: SafeEntry, body: Body): Promise<void>;
  /** A control file at the name that it has in dpkg's info folder. */
  controlFile(name: string, mode: number, mtime: number, content: Buffer): Promise<void>;
};

/** What is known of the package, once all of it went to the sink. Throws SynosError package.failed. */
export async function readPackage(opened: OpenDeb, sink: PackageSink): Promise<DebFacts> {
  try {
    return await readChecked(opened, sink);
  } catch (error) {
    if (error instanceof EntryError || isPackagesFault(error))
      throw unpackFailed(opened.deb, [visible(error.message)], error);
    throw error;
  }
}

async function readChecked(opened: OpenDeb, sink: PackageSink): Promise<DebFacts> {
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
    const hash = sums.begin(safe);
    await sink.entry(safe, (to) =>
      reader.body(async (piece) => {
        hash?.update(piece);
        await to(piece);
      }),
    );
  }
  for (const [file, { mode, mtime, content }] of opened.files)
    await sink.controlFile(`${infoName}.${file}`, mode, mtime, content);
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
    diverts: /\bdpkg-(?:divert|statoverride)\b/.test(controlText(opened, 'preinst')),
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
