// Builds the same image under ten conditions that must not show in it, each in a project of its own with an empty cache, and compares the
// digests with those of a plain build. Needs root, for the conditions; the one of another user builds without.
//   node scripts/soak/image-identical.ts [--whole] [--only NAME] [--debs DIR] [--keep]
// --whole: the repository's own package lists, else a few packages. --debs: downloaded packages by digest.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  lchownSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { copyProject, differingOutputs, digestOf, imageProject, linkDebs } from './image-project.ts';
import { bundle, leftovers, root } from './rig.ts';

type Condition = {
  /** Below the soak's folder. */
  readonly path?: string;
  /** Of the build itself. */
  readonly args?: readonly string[];
  /** In place of this process's. */
  readonly env?: { readonly [name: string]: string };
  /** Run as root in mount and UTS namespaces of its own, before the build. */
  readonly before?: string;
  /** What the build is started by. */
  readonly under?: readonly string[];
  /** Whose the project is. */
  readonly user?: number;
  /** The project of the plain build, with what it kept of each package. */
  readonly warm?: true;
};

const day = 86_400;
/** Of nobody on this machine. */
const user = 54_321;

// The clock is moved by a library that every program gets: outside by /etc/ld.so.preload, inside of the root by the environment, from
// /run, which is no part of the image. `unshare` and `mount` are the two through which everything inside is reached.
const otherClock = (seconds: number): Condition => ({
  before: `
    gcc -shared -fPIC -O2 -DOFFSET=${seconds}L -o /run/soak/clock.so '${root}/scripts/soak/other-clock.c'
    mkdir /run/soak/real
    cp /usr/bin/unshare /usr/bin/mount /run/soak/real
    printf '#!/bin/sh\\nLD_PRELOAD=/run/soak/clock.so exec /run/soak/real/unshare "$@"\\n' >/run/soak/unshare
    printf '#!/bin/sh\\n/run/soak/real/mount "$@" || exit\\nfor last; do :; done\\ncase $last in run) mkdir run/soak && cp /run/soak/clock.so run/soak/ && echo inside >>/run/soak/told ;; esac\\n' >/run/soak/mount
    chmod 755 /run/soak/unshare /run/soak/mount
    echo /run/soak/clock.so >/etc/ld.so.preload
    /run/soak/real/mount --bind /run/soak/unshare /usr/bin/unshare
    /run/soak/real/mount --bind /run/soak/mount /usr/bin/mount`,
});

const junk = Object.fromEntries(
  Array.from({ length: 200 }, (_, n) => [`JUNK_${n}`, `\u00fc${'x'.repeat(n)}`] as const),
);

const conditions: { readonly [name: string]: Condition } = {
  'a date seven years ahead': otherClock(7 * 365 * day),
  'a date twenty years back': otherClock(-20 * 365 * day),
  'another path': { path: 'a much longer path, with blanks/and/\u00fcmlauts/below/one/another' },
  'another user, without root': {
    user,
    before: `echo 'soak:x:${user}:${user}::/run/soak/home:/bin/sh' >>/etc/passwd
      echo 'soak:${user * 10}:65536' | tee -a /etc/subuid >>/etc/subgid`,
    under: ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups'],
    env: { HOME: '/run/soak/home', USER: 'soak' },
  },
  'one core': { under: ['taskset', '-c', '0'] },
  'one task at a time': { args: ['-j', '1'] },
  'packs cached, tasks not': { warm: true },
  'umask 077, another host name': {
    before: 'hostname elsewhere.example.org',
    under: ['sh', '-c', 'umask 077; exec "$@"', 'sh'],
  },
  'locale, zone and home': {
    env: {
      ...{ LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8', LANGUAGE: 'tr', TZ: 'Pacific/Kiritimati' },
      HOME: '/run/soak/home',
    },
  },
  'an environment full of junk': {
    env: {
      ...junk,
      ...{
        SOURCE_DATE_EPOCH: '1',
        CFLAGS: '-O0',
        DEB_BUILD_OPTIONS: 'nocheck',
        PERL5LIB: '/nowhere',
        GZIP: '-1',
      },
      ...{ TAR_OPTIONS: '--mode=777', PYTHONHASHSEED: '1', TMPDIR: '/run/soak/home', DPKG_ROOT: '/nowhere' },
    },
  },
};

const { values } = parseArgs({
  options: {
    whole: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    debs: { type: 'string', default: join(root, '.synos/shared/debs') },
    keep: { type: 'boolean', default: false },
  },
});
const write = (line: string): void => void process.stdout.write(`${line}\n`);

// In a mount namespace of its own: /etc with changes above it, and an empty /run/soak.
const outer = `set -eu
mount -t tmpfs -o mode=0755 soak /run
mkdir -p /run/soak/home /run/soak/etc /run/soak/scratch
chmod 1777 /run/soak/home
mount -t overlay -o lowerdir=/etc,upperdir=/run/soak/etc,workdir=/run/soak/scratch soak /etc
. "$0"
cd "$1"
shift
"$@"
[ ! -e /run/soak/clock.so ] || grep -q inside /run/soak/told || { echo 'the clock was never moved inside' >&2; exit 9; }
`;

function build(
  folder: string,
  scripts: string,
  condition: Condition,
): { exit: number | null; said: string; seconds: number } {
  const before = join(scripts, 'before.sh');
  writeFileSync(before, `${condition.before ?? ':'}\n`);
  if (condition.user !== undefined) give(folder, condition.user);
  const argv = [
    ...(condition.under ?? []),
    process.execPath,
    bundle,
    'build',
    'iso',
    '-q',
    ...(condition.args ?? []),
  ];
  const started = Date.now();
  const { PATH = '' } = process.env;
  const { status, stderr } = spawnSync(
    'unshare',
    ['--mount', '--uts', '--propagation', 'private', '--', 'sh', '-c', outer, before, folder, ...argv],
    { encoding: 'utf8', env: { HOME: '/root', ...condition.env, PATH } },
  );
  return { exit: status, said: stderr, seconds: Math.round((Date.now() - started) / 1000) };
}

// Not the packages: they are links to files that others use, which everybody may read.
function give(folder: string, owner: number): void {
  chownSync(folder, owner, owner);
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true }))
    if (!entry.name.endsWith('.deb')) lchownSync(join(entry.parentPath, entry.name), owner, owner);
}

if (process.getuid?.() !== 0) throw new Error('root is needed: conditions are made in namespaces');
const home = mkdtempSync(join(tmpdir(), 'synos-identical-'));
chmodSync(home, 0o755);
let differing = 0;
try {
  const plain = join(home, 'plain');
  imageProject(plain, values.whole);
  linkDebs(values.debs, plain);
  const first = build(plain, home, {});
  if (first.exit !== 0) throw new Error(`the plain build exited ${first.exit}: ${first.said}`);
  const digest = digestOf(join(plain, 'out/synos.iso'));
  write(`plain build: ${digest}, ${first.seconds} s`);
  const wanted = Object.entries(conditions).filter(([name]) => name.includes(values.only));
  for (const [n, [name, condition]] of wanted.entries()) {
    const folder = join(home, condition.path ?? `project${n}`);
    copyProject(plain, folder);
    if (condition.warm) {
      cpSync(join(plain, '.synos/shared'), join(folder, '.synos/shared'), { recursive: true });
    }
    const { exit, said, seconds } = build(folder, home, condition);
    const same = exit === 0 && digestOf(join(folder, 'out/synos.iso')) === digest;
    if (!same) differing++;
    write(`${same ? 'identical' : 'DIFFERS  '} ${name}, ${seconds} s`);
    if (exit !== 0) write(`  exited ${exit}: ${said.slice(0, 2000)}`);
    else if (!same) for (const row of differingOutputs(plain, folder).slice(0, 10)) write(`  ${row}`);
    for (const problem of await leftovers(folder)) {
      differing++;
      write(`  ${problem}`);
    }
    if (!values.keep || same) rmSync(folder, { recursive: true, force: true });
  }
  write(`${wanted.length - differing} of ${wanted.length} identical`);
} finally {
  if (values.keep) write(`kept: ${home}`);
  else rmSync(home, { recursive: true, force: true });
}
process.exitCode = differing === 0 ? 0 : 1;
