// apt-get in folders of our own: nothing of the host's apt (sources, keys, preferences, proxies, pins, state) takes part, because
// every folder and file that apt would read is named in our own APT_CONFIG.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Finished, run } from '../../core/exec.ts';
import { SynosError } from '../../core/failure.ts';
import { visibleLines } from '../../core/text.ts';
import { type ArchiveSource, isFlat } from './archives.ts';

export type AptFolder = {
  /** Absolute; all of apt's files lie below it. */
  readonly folder: string;
  readonly architecture: string;
  readonly signal?: AbortSignal;
};

/** No index that an honest archive has is larger (Debian's own: 50 MB), and none is read beyond it. */
export const mostIndexBytes = 256 << 20;

/** Empties the folder. */
export async function prepareApt(apt: AptFolder): Promise<void> {
  await rm(apt.folder, { recursive: true, force: true });
  for (const name of ['lists/partial', 'cache/archives/partial', 'etc/sources', 'etc/empty', 'log'])
    await mkdir(join(apt.folder, name), { recursive: true });
  await writeFile(join(apt.folder, 'status'), '');
  await writeFile(join(apt.folder, 'apt.conf'), configText(apt, 'etc/sources'));
  await writeFile(join(apt.folder, 'offline.conf'), configText(apt, 'etc/empty'));
}

/** One file a source, so that an index can be told by it. */
export async function writeSource(apt: AptFolder, source: ArchiveSource, mirror: string): Promise<void> {
  const stanza = (suite: string): string[] => [
    'Types: deb',
    `URIs: ${mirror}`,
    `Suites: ${suite}`,
    ...(isFlat(suite) ? [] : [`Components: ${source.components.join(' ')}`]),
    `Architectures: ${apt.architecture}`,
    `Signed-By: ${source.keyring}`,
    '',
  ];
  const text = [...source.suites].flatMap(stanza).join('\n');
  await writeFile(join(apt.folder, 'etc/sources', `${source.name}.sources`), text);
}

/**
 * Runs apt-get to its end, however it ends. `config` is `offline` where no source is to be known. A file that grows beyond what an
 * index may be ends it.
 */
export async function aptGet(
  apt: AptFolder,
  config: 'apt' | 'offline',
  args: readonly string[],
): Promise<Finished> {
  const done = await run({
    argv: ['prlimit', '--core=0', `--fsize=${mostIndexBytes}`, 'apt-get', ...args],
    cwd: apt.folder,
    env: { APT_CONFIG: join(apt.folder, `${config}.conf`), DEBIAN_FRONTEND: 'noninteractive' },
    limitMs: 300_000,
    keepBytes: 16 << 20,
    ...(apt.signal ? { signal: apt.signal } : {}),
  });
  if (done.aborted) throw new SynosError({ code: 'interrupted', signal: 'SIGINT' });
  return done;
}

/** What apt-get complained about, a sentence each. */
export function complaints(done: Finished): string[] {
  const lines = visibleLines(done.stderr)
    // The last says what is not so: with Error-Mode any nothing old is used.
    .filter((line) => /^[EW]: /.test(line) && !line.includes('Some index files failed to download'))
    .map((line) => line.slice(3).trim())
    // SIGXFSZ.
    .map((line) =>
      /received signal 25\.?$/.test(line) ? `an index is larger than ${mostIndexBytes >> 20} MiB` : line,
    )
    .filter((line) => line !== 'Method http has died unexpectedly!');
  if (done.timedOut) lines.push('apt-get took longer than 5 minutes');
  if (lines.length === 0) lines.push(`apt-get exited ${done.exit ?? done.signal}`);
  return [...new Set(lines)];
}

// Every file that apt.conf(5) names as a source of settings, sources, keys or state points into the folder or to nothing.
function configText({ folder, architecture }: AptFolder, sources: string): string {
  const settings: readonly (readonly [string, string])[] = [
    ['Dir', folder],
    ['Dir::Etc', join(folder, 'etc')],
    ['Dir::Etc::Main', '/dev/null'],
    ['Dir::Etc::Parts', join(folder, 'etc/empty')],
    ['Dir::Etc::SourceList', '/dev/null'],
    ['Dir::Etc::SourceParts', join(folder, sources)],
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
    ['Acquire::http::Timeout', '20'],
    ['Acquire::https::Timeout', '20'],
    ['APT::Architecture', architecture],
    ['APT::Get::AllowUnauthenticated', 'false'],
    ['APT::Install-Recommends', 'false'],
    ['APT::Install-Suggests', 'false'],
    // As root, apt would fetch as the user _apt, who may not enter a project folder.
    ['APT::Sandbox::User', ''],
    // Without this a failed index is a warning, and an old one is used.
    ['APT::Update::Error-Mode', 'any'],
    // An update only fetches and verifies; apt's own cache of 63,000 packages would cost more than all the rest.
    ['pkgCacheFile::Generate', sources === 'etc/sources' ? 'false' : 'true'],
  ];
  const lines = settings.map(([name, value]) => `${name} ${JSON.stringify(value)};`);
  return `${lines.join('\n')}\nAPT::Architectures { ${JSON.stringify(architecture)}; };\n`;
}
