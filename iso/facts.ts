// What is known of an unpacked package without its bytes: enough to merge it with others and to write dpkg's database.
import { readFile } from 'node:fs/promises';
import type { TarKind } from './tar.ts';

/** One entry of a package. Kinds other than directories need no owner here: their tar entry has it. */
export type EntryFacts = {
  /** The path as the package has it, without a leading slash; '' is the root. dpkg lists this one. */
  readonly shipped: string;
  /** The path in a root with /bin and the like merged into /usr. */
  readonly place: string;
  readonly kind: TarKind;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
};

export type DebFacts = {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  /** Name in dpkg's info folder: `libc6:amd64` where several architectures may be installed side by side. */
  readonly infoName: string;
  /** Fields of the control file, in its order. */
  readonly control: readonly (readonly [string, string])[];
  /** Path (with a leading slash) and MD5 of each configuration file, in the package's order. */
  readonly conffiles: readonly (readonly [string, string])[];
  /** Text of `md5sums` where the package brings none; dpkg makes one, then. */
  readonly md5sums: string | null;
  readonly triggers: string;
  /** True: a script runs before the files come. */
  readonly preinst: boolean;
  /** True: that script says where files go or whose they are, so that only dpkg itself can unpack the package. */
  readonly diverts: boolean;
  readonly entries: readonly EntryFacts[];
};

export function control(facts: DebFacts, field: string): string | undefined {
  return facts.control.find(([name]) => name === field)?.[1];
}

type Row = readonly [
  shipped: string,
  place: string,
  kind: TarKind,
  mode: number,
  uid: number,
  gid: number,
  mtime: number,
];

/** One JSON document; entries as rows, because there are tens of thousands. */
export function formatFacts(all: readonly DebFacts[]): string {
  return `[\n${all.map((facts) => JSON.stringify(rowsOf(facts))).join(',\n')}\n]\n`;
}

export type FactRows = Omit<DebFacts, 'entries'> & { readonly entries: readonly Row[] };

export function rowsOf(facts: DebFacts): FactRows {
  const entries = facts.entries.map(
    (entry): Row => [
      entry.shipped,
      entry.place === entry.shipped ? '' : entry.place,
      entry.kind,
      entry.mode,
      entry.uid,
      entry.gid,
      entry.mtime,
    ],
  );
  return { ...facts, entries };
}

/** Reads what formatFacts wrote: an output of one of our own tasks, held by its digest. */
export async function readFacts(path: string): Promise<DebFacts[]> {
  const rows = JSON.parse(await readFile(path, 'utf8')) as FactRows[];
  return rows.map(factsOf);
}

export function factsOf(rows: FactRows): DebFacts {
  const entries = rows.entries.map(
    ([shipped, place, kind, mode, uid, gid, mtime]): EntryFacts => ({
      shipped,
      place: place === '' ? shipped : place,
      kind,
      mode,
      uid,
      gid,
      mtime,
    }),
  );
  return { ...rows, entries };
}
