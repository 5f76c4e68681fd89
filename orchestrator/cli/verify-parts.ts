// Looks into an artefact: its files against the outputs that its record names, and its root file system against the manifest.
import { existsSync } from 'node:fs';
import type { Digest } from '../../core/digest.ts';
import { visible } from '../../core/text.ts';
import {
  checkRoot,
  type Inspection,
  kindOf,
  type Part,
  partsOf,
  type TreeDifference,
} from '../../iso/inspect.ts';
import { Store } from '../engine/store.ts';
import type { BuildRecord } from './build-record.ts';
import type { Session } from './session.ts';

export type CheckedParts = {
  /** Recorded files that should be in it. */
  readonly count: number;
  /** What is wrong with some of them, in words. */
  readonly altered: readonly string[];
  readonly parts: readonly Part[];
};

export type RootCheck = { readonly entries: number; readonly differences: readonly TreeDifference[] };

/** Null for what is no container of files. */
export async function checkParts(
  file: string,
  record: BuildRecord,
  inspection: Inspection,
): Promise<CheckedParts | null> {
  const kind = await kindOf(file);
  if (kind === 'squashfs') return { count: 0, altered: [], parts: [] };
  if (kind !== 'iso') return null;
  const parts = await partsOf(file, inspection);
  const wanted = placed(record);
  const found = new Set<string>(parts.map((part) => part.sha256));
  const altered = [...wanted]
    .filter(([digest]) => !found.has(digest))
    .map(([, name]) => `${visible(name)} is not in it as it was made`);
  return { count: wanted.size, altered, parts };
}

// What the last task put in as it is: GRUB's image for BIOS is patched, and the two others lie outside of the file system.
const patched = new Set(['core', 'mbr', 'fat', 'efi']);

function placed(record: BuildRecord): Map<Digest, string> {
  const last = record.tasks.at(-1);
  const inputs = new Set(last?.after);
  const wanted = new Map<Digest, string>();
  for (const task of record.tasks) {
    if (!inputs.has(task.id)) continue;
    for (const [name, digest] of Object.entries(task.outputs))
      if (!patched.has(name) && !besides.has(name)) wanted.set(digest, `${task.id}'s ${name}`);
  }
  return wanted;
}

/** Outputs of the same tasks that no image holds. */
const besides = new Set(['manifest', 'packages', 'root']);

/** Null where there is no root file system, or nobody kept its manifest. */
export async function rootOf(
  session: Session,
  { parts }: CheckedParts,
  record: BuildRecord,
  inspection: Inspection,
): Promise<RootCheck | null> {
  const squashfs = parts.find(({ path }) => path.endsWith('.squashfs'));
  const manifest = manifestOf(session, parts, record);
  if (!squashfs || manifest === undefined) return null;
  return checkRoot(squashfs.file, manifest, inspection);
}

// In the image itself, or in the store of the project that made it.
function manifestOf(session: Session, parts: readonly Part[], record: BuildRecord): string | undefined {
  const digest = record.tasks.map(({ outputs }) => outputs['manifest']).find((found) => found !== undefined);
  if (digest === undefined) return undefined;
  const inside = parts.find(({ sha256 }) => sha256 === digest);
  if (inside) return inside.file;
  const store = new Store(session.home);
  return store.objects.has(digest) && existsSync(store.path(digest)) ? store.path(digest) : undefined;
}
