// Fetches the indexes of all archives through apt, which checks signatures, dates and digests; what it took is checked once more here.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Finished, find } from '../../core/exec.ts';
import { SynosError } from '../../core/failure.ts';
import type { Release } from '../lock.ts';
import { answers } from '../mirror.ts';
import { type AptFolder, aptGet, complaints, prepareApt, writeSource } from './apt.ts';
import { type ArchiveSource, isOwn, Refusal, refused, suiteFolder } from './archives.ts';
import { keepLists, seedLists } from './kept-indexes.ts';
import { PackageIndex } from './package-index.ts';
import { readSuite, type Suite } from './suite.ts';

export type Indexes = {
  readonly index: PackageIndex;
  readonly releases: readonly Release[];
  /** The mirror that answered, by archive. */
  readonly mirrors: ReadonlyMap<string, string>;
};

export type IndexRequest = AptFolder & {
  readonly sources: readonly ArchiveSource[];
  /** Outlives the run. */
  readonly shared: string;
  /** What was read the last time: an index that is older than that is refused. */
  readonly seen: readonly Release[];
  /** False: nothing that was kept is used. apt itself takes no index that is older than the one it has. */
  readonly keep: boolean;
};

/**
 * Throws SynosError tool.missing, file.unreadable (a keyring), network.away (no mirror of an archive answers), index.refused,
 * interrupted. An archive whose first mirror has a bad or old index is asked at the next.
 */
export async function openIndexes(request: IndexRequest): Promise<Indexes> {
  haveTools();
  for (const source of request.sources) await haveKeyring(source);
  const left = new Map(request.sources.map((source) => [source.name, [...source.mirrors]]));
  let keep = request.keep;
  let first: SynosError | undefined;
  let tried = await attempt(request, left, keep).catch(refusalOnly);
  while (tried instanceof Refusal) {
    first ??= tried.failure;
    // A kept index that is damaged is no fault of a mirror: once more from nothing.
    if (keep && !tried.ofMirror) keep = false;
    else if (!nextMirrors(left, tried.archives)) throw first;
    tried = await attempt(request, left, keep).catch(refusalOnly);
  }
  return tried;
}

function refusalOnly(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  throw error;
}

function haveTools(): void {
  const tools = { 'apt-get': 'apt', prlimit: 'util-linux' };
  for (const [tool, name] of Object.entries(tools))
    if (!find(tool))
      throw new SynosError({ code: 'tool.missing', tool, neededFor: 'synos lock', package: name });
}

function nextMirrors(left: ReadonlyMap<string, string[]>, archives: readonly string[]): boolean {
  const able = archives.filter((name) => (left.get(name)?.length ?? 0) > 1);
  for (const name of able) left.get(name)?.shift();
  return able.length === archives.length && able.length > 0;
}

async function attempt(
  request: IndexRequest,
  left: ReadonlyMap<string, string[]>,
  keep: boolean,
): Promise<Indexes> {
  const mirrors = await answering(request, left);
  await prepareApt(request);
  const lists = join(request.folder, 'lists');
  if (keep) await seedLists(request.shared, lists);
  for (const source of request.sources)
    await writeSource(request, source, mirrors.get(source.name) as string);
  const done = await aptGet(request, 'apt', ['update', '--quiet']);
  if (done.exit !== 0) throw blame(done, request, mirrors);
  const suites = await readSuites(request, mirrors, keep);
  const index = new PackageIndex();
  for (const { release, indexes } of suites) for (const text of indexes) index.add(release.archive, text);
  await keepLists(request.shared, lists);
  return { index, releases: suites.map(({ release }) => release), mirrors };
}

async function readSuites(
  request: IndexRequest,
  mirrors: ReadonlyMap<string, string>,
  kept: boolean,
): Promise<Suite[]> {
  const lists = join(request.folder, 'lists');
  const suites: Suite[] = [];
  for (const source of request.sources)
    for (const suite of source.suites) {
      const mirror = mirrors.get(source.name) as string;
      const read = await readSuite({
        source,
        suite,
        mirror,
        architecture: request.architecture,
        lists,
        kept,
      });
      notOlder(read.release, request.seen);
      suites.push(read);
    }
  return suites;
}

async function answering(
  request: IndexRequest,
  left: ReadonlyMap<string, string[]>,
): Promise<ReadonlyMap<string, string>> {
  const found = request.sources.map(async (source) => {
    const mirrors = left.get(source.name) as string[];
    const mirror = await answers(
      mirrors,
      `${suiteFolder(source.suites[0] as string)}InRelease`,
      request.signal,
    );
    // What did not answer now is not asked again.
    mirrors.splice(0, mirrors.indexOf(mirror));
    return [source.name, mirror] as const;
  });
  return new Map(await Promise.all(found));
}

async function haveKeyring(source: ArchiveSource): Promise<void> {
  try {
    if (!(await stat(source.keyring)).isFile()) throw new Error('not a file');
  } catch (error) {
    if (isOwn(source.name))
      throw new SynosError(
        {
          code: 'tool.missing',
          tool: source.keyring,
          neededFor: 'the signatures of the archive',
          package: 'debian-archive-keyring',
        },
        { cause: error },
      );
    throw new SynosError(
      {
        code: 'file.unreadable',
        path: source.keyring,
        reason: `there is no such file, and iso.repositories.${source.name}.keyring names it`,
        next: "put the repository's public key there, as its owner publishes it",
      },
      { cause: error },
    );
  }
}

// apt names the URL or the suite in what it says; where it names none, every archive may be at fault.
function blame(done: Finished, request: IndexRequest, mirrors: ReadonlyMap<string, string>): Refusal {
  const said = complaints(done);
  const guilty = request.sources.filter(({ name, suites }) => {
    const mirror = mirrors.get(name) as string;
    return said.some(
      (line) =>
        line.includes(`${mirror} `) ||
        suites.some((suite) => line.includes(`${mirror}/${suiteFolder(suite)}`)),
    );
  });
  const named = guilty.length > 0 ? guilty : request.sources;
  const names = named.map((source) => source.name);
  return new Refusal(refused(names.join(', '), said.slice(0, 4).join('\n  ')), names);
}

// A signature stays good for ever: an index from before the last security update is how one would take that update back.
function notOlder(release: Release, seen: readonly Release[]): void {
  const last = seen.find((row) => row.archive === release.archive && row.suite === release.suite);
  if (!last || Date.parse(release.date) >= Date.parse(last.date)) return;
  const reason = `${release.suite} is of ${release.date}, and the lock has seen one of ${last.date}: a mirror that is behind, or an old index that is played back`;
  const next = 'try again later or name another mirror; `synos lock --accept-older` takes it';
  throw new Refusal(refused(release.archive, reason, next), [release.archive]);
}
