// A door of its own, for checking what was built: what is in an image, and whether a root file system is what its manifest says. Reads
// with other programs than those that wrote (xorriso, unsquashfs, tar), so that a defect of the writer cannot hide.
import { mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type Digest, digestOfFile } from '../core/digest.ts';
import { type Command, find, run } from '../core/exec.ts';
import { SynosError } from '../core/failure.ts';
import { visibleLines } from '../core/text.ts';
import { readManifest } from './manifest.ts';
import { privateShell, shellFunctions } from './namespace.ts';
import {
  compareTrees,
  entriesOfTar,
  type Tree,
  type TreeDifference,
  type TreeEntry,
} from './tree-entries.ts';

export { compareTrees, type TreeDifference } from './tree-entries.ts';

export type Inspection = {
  /** An empty folder, removed by the caller. */
  readonly work: string;
  readonly signal: AbortSignal;
};

export type ImageKind = 'iso' | 'squashfs' | 'elf' | 'disk' | 'other';

export type Part = {
  /** In the image, without a slash in front. */
  readonly path: string;
  /** Where it was copied to. */
  readonly file: string;
  readonly sha256: Digest;
};

/** What a file is, by its first bytes. */
export async function kindOf(path: string): Promise<ImageKind> {
  await using file = await open(path, 'r');
  const at = async (position: number, length: number): Promise<string> => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
    return buffer.toString('latin1', 0, bytesRead);
  };
  if ((await at(32769, 5)) === 'CD001') return 'iso';
  const start = await at(0, 4);
  if (start === 'hsqs') return 'squashfs';
  if (start === '\x7fELF') return 'elf';
  return (await at(512, 8)) === 'EFI PART' ? 'disk' : 'other';
}

/** The files in an ISO. Throws SynosError tool.missing, artefact.invalid. */
export async function partsOf(iso: string, { work, signal }: Inspection): Promise<Part[]> {
  const folder = join(work, 'parts');
  await mkdir(folder, { recursive: true });
  const argv = ['xorriso', '-no_rc', '-osirrox', 'on', '-indev', iso, '-extract', '/', folder] as const;
  await checked({ argv: [...argv], signal }, 'xorriso', 'the ISO');
  // They keep their modes, which may forbid their removal.
  await checked({ argv: ['chmod', '-R', 'u+rwX', folder], signal }, 'coreutils', 'the ISO');
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  const parts: Part[] = [];
  for (const file of paths)
    parts.push({ path: relative(folder, file), file, sha256: await digestOfFile(file) });
  return parts;
}

export type CheckedRoot = { readonly entries: number; readonly differences: readonly TreeDifference[] };

/** Holds every entry of a squashfs against its manifest. Throws SynosError tool.missing, artefact.invalid; ManifestError. */
export async function checkRoot(
  squashfs: string,
  manifest: string,
  inspection: Inspection,
): Promise<CheckedRoot> {
  const expected = await treeOfManifest(manifest);
  const found = await treeOfSquashfs(squashfs, inspection);
  return { entries: found.size, differences: compareTrees(expected, found) };
}

/** What differs between the entries of two manifests. Throws ManifestError. */
export async function compareManifests(before: string, now: string): Promise<TreeDifference[]> {
  return compareTrees(await treeOfManifest(before), await treeOfManifest(now));
}

async function treeOfManifest(path: string): Promise<Tree> {
  const tree = new Map<string, TreeEntry>();
  for await (const entry of readManifest(path)) tree.set(entry.path, entry);
  return tree;
}

// In memory, in a private corner: owners and attributes are kept, also without root, and nothing is left behind.
const script = `${shellFunctions}
new_root "$1" "$2"
cd "$2"
unsquashfs -no-progress -quiet -xattrs -dest root "$3" >/dev/null
tar --create --file "$4" --directory root --sort=name --numeric-owner --format=posix --xattrs --xattrs-include='*' .
`;

/** Every entry of a squashfs, as unsquashfs unpacks it. */
export async function treeOfSquashfs(squashfs: string, { work, signal }: Inspection): Promise<Tree> {
  const [file, tar] = [join(work, 'unpack'), join(work, 'tree.tar')];
  await writeFile(file, script);
  const argv = privateShell(file, String(memoryMib), join(work, 'root'), squashfs, tar);
  await checked({ argv, signal }, 'squashfs-tools', 'the squashfs');
  try {
    return await entriesOfTar(tar);
  } finally {
    await rm(tar, { force: true });
  }
}

/** Memory is taken only for what is there. */
const memoryMib = 16_384;

async function checked(command: Command, from: string, what: string): Promise<void> {
  const [tool] = command.argv;
  if (!find(tool))
    throw new SynosError({ code: 'tool.missing', tool, neededFor: 'looking into an image', package: from });
  const { exit, stderr } = await run(command);
  if (exit === 0) return;
  if (command.signal?.aborted) throw new SynosError({ code: 'interrupted', signal: 'SIGINT' });
  const said = visibleLines(stderr.trim()).slice(-3).join('; ').slice(0, 500);
  throw new SynosError({
    code: 'artefact.invalid',
    what,
    reason: `${tool} cannot read it: ${said}`,
    next: 'build it again: `synos build`',
  });
}
