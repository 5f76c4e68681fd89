// An archive of exactly the packages that are compared, in a folder, signed with a key of its own: every tool gets the same versions.

import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { bundle, root } from '../../soak/rig.ts';

export type Archive = { readonly folder: string; readonly keyring: string; readonly url: string };

const port = Number(process.env['BENCH_PORT'] ?? 8971);
const debian = { debian: 'http://deb.debian.org/debian', security: 'http://deb.debian.org/debian-security' };
/** What live-build puts into every image of its own accord, and the package that is added in one of the measurements. */
const more = [
  ...['live-config', 'live-config-systemd', 'live-tools', 'gnupg', 'ifupdown', 'isc-dhcp-client', 'grub-pc'],
  ...['grub-efi-amd64-bin', 'grub-efi-ia32-bin', 'isolinux', 'syslinux-common', 'librsvg2-bin', 'apt-utils'],
  ...['mtools', 'dosfstools', 'xorriso', 'dctrl-tools', 'parted', 'tree'],
];

export type Stanza = { readonly [field: string]: string };

/** Fields of each package of a lock. */
export function lockedPackages(path: string): Stanza[] {
  const stanzas = readFileSync(path, 'utf8').split(/\n\n+/);
  return stanzas.flatMap((text) => {
    const rows = [...text.matchAll(/^([A-Z][A-Za-z0-9-]*): (.*)$/gm)];
    const fields = Object.fromEntries(rows.map(([, name = '', value = '']) => [name, value]));
    return 'Package' in fields ? [fields] : [];
  });
}

/** Makes it below the folder unless it is there. Packages come from `debs`, where files are named by their digest, or from Debian. */
export async function makeArchive(
  work: string,
  debs: string,
  tell: (line: string) => void,
): Promise<Archive> {
  const archive = {
    folder: join(work, 'mirror'),
    keyring: join(work, 'mirror.gpg'),
    url: `http://127.0.0.1:${port}/debian`,
  };
  if (existsSync(join(archive.folder, 'done'))) return archive;
  rmSync(archive.folder, { recursive: true, force: true });
  const rows = lockSeed(join(work, 'seed'));
  tell(`an archive of ${rows.length} packages`);
  const queue = [...rows];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift())
      await place(next, debs, join(archive.folder, 'debian'));
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
  for (const suite of suites) writeIndex(join(archive.folder, 'debian'), suite, rows);
  sign(join(archive.folder, 'debian'), archive.keyring);
  writeFileSync(join(archive.folder, 'done'), '');
  return archive;
}

// The closure of all that any of the tools will ask for, by Debian's own indexes.
function lockSeed(folder: string): Stanza[] {
  mkdirSync(folder, { recursive: true });
  cpSync(join(import.meta.dirname, 'synos.yaml'), join(folder, 'synos.yaml'));
  const extra = `iso.packages.more=[${more.join(',')}]`;
  execFileSync(process.execPath, [bundle, 'lock', '-q', '-C', folder, '--set', extra], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return lockedPackages(join(folder, 'synos.lock'));
}

async function place(row: Stanza, debs: string, folder: string): Promise<void> {
  const { SHA256: digest = '', Path: path = '', Archive: archive = 'debian' } = row;
  const target = join(folder, path);
  mkdirSync(dirname(target), { recursive: true });
  const stored = join(debs, `${digest}.deb`);
  if (existsSync(stored)) {
    linkOrCopy(stored, target);
    return;
  }
  const answer = await fetch(`${debian[archive as keyof typeof debian]}/${path}`);
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (createHash('sha256').update(bytes).digest('hex') !== digest)
    throw new Error(`${path} is not what the lock says`);
  writeFileSync(`${target}.part`, bytes);
  renameSync(`${target}.part`, target);
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    cpSync(from, to); // another file system
  }
}

// The key is thrown away when everything is signed.
function sign(folder: string, keyring: string): void {
  const home = mkdtempSync(join(tmpdir(), 'synos-bench-key-'));
  const gpg = [
    '--homedir',
    home,
    '--batch',
    '--quiet',
    '--yes',
    '--pinentry-mode',
    'loopback',
    '--passphrase',
    '',
  ];
  try {
    const key = ['--quick-generate-key', 'Bench Mirror <bench@example.org>', 'ed25519', 'sign', 'never'];
    execFileSync('gpg', [...gpg, ...key], { stdio: 'pipe' });
    for (const suite of suites) {
      const release = join(folder, 'dists', suite, 'Release');
      execFileSync('gpg', [...gpg, '--clearsign', '-o', join(dirname(release), 'InRelease'), release]);
      execFileSync('gpg', [...gpg, '-abs', '-o', `${release}.gpg`, release]);
    }
    writeFileSync(keyring, execFileSync('gpg', [...gpg, '--export']));
  } finally {
    execFileSync('gpgconf', ['--homedir', home, '--kill', 'gpg-agent']);
    rmSync(home, { recursive: true, force: true });
  }
}

/** The second is empty: SynOS asks for it, too. */
const suites = ['bookworm', 'bookworm-updates'];

// Debian's own index has the last word on what is required, not the packages.
function writeIndex(folder: string, suite: string, rows: readonly Stanza[]): void {
  const at = { cwd: folder, maxBuffer: 64 << 20 };
  const quiet = { ...at, stdio: ['ignore', 'pipe', 'ignore'] as ['ignore', 'pipe', 'ignore'] };
  const binary = join(folder, 'dists', suite, 'main/binary-amd64');
  mkdirSync(binary, { recursive: true });
  const required = rows
    .filter((row) => row['Why'] === 'required')
    .map(
      (row) => `${row['Package']} required admin
`,
    );
  const override = join(folder, 'override');
  writeFileSync(override, required.join(''));
  const packages =
    suite === 'bookworm' ? execFileSync('apt-ftparchive', ['packages', 'pool', override], quiet) : '';
  writeFileSync(join(binary, 'Packages'), packages);
  execFileSync('xz', ['-kf', join(binary, 'Packages')]);
  const fields = {
    Origin: 'Bench',
    Suite: suite,
    Codename: suite,
    Architectures: 'amd64',
    Components: 'main',
  };
  const options = Object.entries(fields).flatMap(([name, value]) => [
    '-o',
    `APT::FTPArchive::Release::${name}=${value}`,
  ]);
  const release = execFileSync('apt-ftparchive', [...options, 'release', `dists/${suite}`], at);
  writeFileSync(join(folder, 'dists', suite, 'Release'), release);
}

export type Serving = { stop(): Promise<void> };

/** Serves it until stopped; `rate` in MB/s for all connections together, 0: no limit. */
export async function serve({ folder }: Archive, rate: number): Promise<Serving> {
  const script = join(import.meta.dirname, 'server.ts');
  const child = spawn(process.execPath, [script, folder, String(port), String(rate)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise<void>((listening, failed) => {
    child.stdout.once('data', () => listening());
    child.once('exit', (exit) => failed(new Error(`the mirror ended (${exit}); is port ${port} free?`)));
  });
  return {
    stop: () =>
      new Promise((gone) => {
        child.once('exit', () => gone());
        child.kill();
      }),
  };
}
