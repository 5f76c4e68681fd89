// The Debian archive as apt sees it from private folders: signed indexes, and the closure of names in an empty system.
//
// apt checks signatures, dates and digests of the indexes; nothing of the host's apt (sources, keys, preferences, proxies, pins, state)
// takes part, because every folder and file that apt would read is named in our own APT_CONFIG.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { find, run } from '../core/exec.ts';
import { SynosError } from '../core/failure.ts';
import { visibleLines } from '../core/text.ts';
import { stanzas } from './deb822.ts';
import type { Release } from './lock.ts';
import { answers } from './mirror.ts';
import type { IsoOptions } from './options.ts';

/** What an index says of one version of a package, cut to what a lock needs. */
export type IndexRow = {
  readonly name: string;
  readonly version: string;
  readonly archive: string;
  readonly fields: ReadonlyMap<string, string>;
};

export type Archive = {
  /** The mirror that answered. */
  readonly mirror: string;
  readonly releases: readonly Release[];
  /** All versions of each name. */
  readonly index: ReadonlyMap<string, readonly IndexRow[]>;
  /** Name and version of each package that apt would install for these names into an empty system, without recommended ones. */
  closure(names: readonly string[]): Promise<ReadonlyMap<string, string>>;
};

export type ArchiveRequest = {
  readonly options: IsoOptions;
  /** A folder of our own; it is emptied first. */
  readonly folder: string;
  readonly signal?: AbortSignal;
};

/**
 * Fetches and verifies the indexes of the suite, its updates and its security updates.
 * Throws SynosError tool.missing, network.away (no mirror answers) or artefact.invalid (signature, date or digest is wrong).
 */
export async function openArchive(request: ArchiveRequest): Promise<Archive> {
  const { options, folder } = request;
  if (!find('apt-get'))
    throw new SynosError({ code: 'tool.missing', tool: 'apt-get', neededFor: 'synos lock', package: 'apt' });
  await haveKeyring(options.keyring);
  const mirror = await answers(options.mirror, `dists/${options.suite}/InRelease`, request.signal);
  const security =
    options.securityMirror.length > 0
      ? await answers(options.securityMirror, `dists/${options.suite}-security/InRelease`, request.signal)
      : undefined;
  await prepare(options, folder, mirror, security);
  await apt(request, mirror, ['update', '--quiet']);
  const targets = await indexTargets(request, mirror);
  const rows = (await Promise.all(targets.map((target) => readIndex(target)))).flat();
  const index = new Map<string, IndexRow[]>();
  for (const row of rows) index.set(row.name, [...(index.get(row.name) ?? []), row]);
  return {
    mirror,
    releases: await Promise.all(targets.map((target) => readRelease(target))),
    index,
    closure: (names) => closure(request, mirror, names),
  };
}

async function haveKeyring(keyring: string): Promise<void> {
  try {
    await readFile(keyring);
  } catch (error) {
    const failure = {
      code: 'tool.missing',
      tool: keyring,
      neededFor: 'the signatures of the archive',
      package: 'debian-archive-keyring',
    } as const;
    throw new SynosError(failure, { cause: error });
  }
}

async function prepare(
  options: IsoOptions,
  folder: string,
  mirror: string,
  security?: string,
): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  for (const name of ['lists/partial', 'cache/archives/partial', 'etc/sources', 'etc/empty', 'log'])
    await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, 'status'), '');
  const sources = [source(options, mirror, [options.suite, `${options.suite}-updates`])];
  if (security) sources.push(source(options, security, [`${options.suite}-security`]));
  await writeFile(join(folder, 'etc/sources/synos.sources'), sources.join('\n'));
  await writeFile(join(folder, 'apt.conf'), aptConfig(folder, options.architecture));
}

function source(options: IsoOptions, mirror: string, suites: readonly string[]): string {
  return [
    'Types: deb',
    `URIs: ${mirror}`,
    `Suites: ${suites.join(' ')}`,
    'Components: main',
    `Architectures: ${options.architecture}`,
    `Signed-By: ${options.keyring}`,
    '',
  ].join('\n');
}

// Every file that apt.conf(5) names as a source of settings, sources, keys or state points into the folder or to nothing.
function aptConfig(folder: string, architecture: string): string {
  const settings: readonly (readonly [string, string])[] = [
    ['Dir', folder],
    ['Dir::Etc', join(folder, 'etc')],
    ['Dir::Etc::Main', '/dev/null'],
    ['Dir::Etc::Parts', join(folder, 'etc/empty')],
    ['Dir::Etc::SourceList', '/dev/null'],
    ['Dir::Etc::SourceParts', join(folder, 'etc/sources')],
    ['Dir::Etc::Preferences', '/dev/null'],
    ['Dir::Etc::PreferencesParts', join(folder, 'etc/empty')],
    ['Dir::Etc::Trusted', '/dev/null'],
    ['Dir::Etc::TrustedParts', join(folder, 'etc/empty')],
    ['Dir::Etc::netrc', '/dev/null'],
    ['Dir::Etc::netrcparts', join(folder, 'etc/empty')],
    ['Dir::State', folder],
    ['Dir::State::Lists', join(folder, 'lists')],
    ['Dir::State::Status', join(folder, 'status')],
    ['Dir::State::extended_states', join(folder, 'extended_states')],
    ['Dir::Cache', join(folder, 'cache')],
    ['Dir::Log', join(folder, 'log')],
    ['Acquire::AllowInsecureRepositories', 'false'],
    ['Acquire::AllowWeakRepositories', 'false'],
    ['Acquire::AllowDowngradeToInsecureRepositories', 'false'],
    ['Acquire::Check-Valid-Until', 'true'],
    ['Acquire::Check-Date', 'true'],
    ['Acquire::GzipIndexes', 'false'],
    ['Acquire::Languages', 'none'],
    ['Acquire::Retries', '2'],
    // Its own pauses grow to half a minute each.
    ['Acquire::Retries::Delay::Maximum', '3'],
    ['APT::Architecture', architecture],
    ['APT::Get::AllowUnauthenticated', 'false'],
    ['APT::Install-Recommends', 'false'],
    ['APT::Install-Suggests', 'false'],
    // As root, apt would fetch as the user _apt, who may not enter a project folder.
    ['APT::Sandbox::User', ''],
    // Without this a failed index is a warning, and an old one is used.
    ['APT::Update::Error-Mode', 'any'],
  ];
  const lines = settings.map(([name, value]) => `${name} ${JSON.stringify(value)};`);
  return `${lines.join('\n')}\nAPT::Architectures { ${JSON.stringify(architecture)}; };\n`;
}

async function apt(request: ArchiveRequest, mirror: string, args: readonly string[]): Promise<string> {
  const done = await run({
    argv: ['apt-get', ...args],
    env: { APT_CONFIG: join(request.folder, 'apt.conf'), DEBIAN_FRONTEND: 'noninteractive' },
    limitMs: 300_000,
    keepBytes: 16 << 20,
    ...(request.signal ? { signal: request.signal } : {}),
  });
  if (done.aborted) throw new SynosError({ code: 'interrupted', signal: 'SIGINT' });
  if (done.exit === 0) return done.stdout;
  const said = visibleLines(done.stderr).filter((line) => /^[EW]: /.test(line));
  const reason = said.slice(0, 6).join('\n  ') || `apt-get exited ${done.exit ?? done.signal}`;
  throw new SynosError({ code: 'artefact.invalid', what: `apt-get ${args[0]} from ${mirror}`, reason });
}

type IndexTarget = { readonly file: string; readonly codename: string };

async function indexTargets(request: ArchiveRequest, mirror: string): Promise<IndexTarget[]> {
  const text = await apt(request, mirror, [
    'indextargets',
    '--format',
    '$(FILENAME) $(RELEASE)',
    'Created-By: Packages',
  ]);
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [file = '', codename = ''] = line.split(' ');
      return { file, codename };
    });
}

async function readIndex(target: IndexTarget): Promise<IndexRow[]> {
  const archive = target.codename.endsWith('-security') ? 'security' : 'debian';
  const rows: IndexRow[] = [];
  for (const { fields } of stanzas(await readFile(target.file, 'utf8')))
    rows.push({
      name: fields.get('Package') ?? '',
      version: fields.get('Version') ?? '',
      archive,
      fields,
    });
  return rows;
}

// apt has verified the file that lies beside the index; the signature around it is not deb822, so the fields are looked for by line.
async function readRelease(target: IndexTarget): Promise<Release> {
  const text = await readFile(target.file.replace(/_main_binary-[a-z0-9]+_Packages$/, '_InRelease'), 'utf8');
  const date = /^Date: (.+)$/m.exec(text)?.[1];
  const validUntil = /^Valid-Until: (.+)$/m.exec(text)?.[1];
  return {
    name: target.codename,
    date: isoTime(date ?? ''),
    validUntil: validUntil === undefined ? undefined : isoTime(validUntil),
  };
}

function isoTime(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime()))
    throw new SynosError({
      code: 'artefact.invalid',
      what: 'Release file',
      reason: 'its date cannot be read',
    });
  return time.toISOString().replace('.000', '');
}

async function closure(
  request: ArchiveRequest,
  mirror: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const text = await apt(request, mirror, [
    'install',
    '--simulate',
    '--no-install-recommends',
    '--',
    ...names,
  ]);
  const chosen = [...text.matchAll(/^Inst ([a-z0-9][a-z0-9+.-]+) \(([^ )]+) /gm)];
  return new Map(chosen.map(([, name = '', version = '']) => [name, version]));
}
