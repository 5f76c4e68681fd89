// Where other people's builds run: at the place of the project, but on a copy of it, which lies over the real one for them alone; without a
// network unless they ask for it; and with all their processes gone when they end.
import { run } from '../../core/exec.ts';

export type Enclosure = {
  /** whole: as said above. mount: a process that leaves its group may outlive the build. none: no copy over the project, no way to cut the network. */
  readonly kind: 'whole' | 'mount' | 'none';
};

export type Enclosed = {
  /** The folder that lies over `place` for the command. */
  readonly copy: string;
  /** Absolute path of the project. */
  readonly place: string;
  /** Where the command runs, relative to both. */
  readonly dir: string;
  readonly network: boolean;
  readonly command: readonly string[];
};

/** The most that works here. The kernel, a container or a policy may refuse any of it. */
export async function findEnclosure(signal: AbortSignal): Promise<Enclosure> {
  for (const kind of ['whole', 'mount'] as const) {
    const argv = [...unshare(kind, false), 'true'] as const;
    const { exit } = await run({ argv, limitMs: 10_000, signal, brief: true }).catch(() => ({ exit: 1 }));
    signal.throwIfAborted();
    if (exit === 0) return { kind };
  }
  return { kind: 'none' };
}

/** The command line that runs it inside. */
export function enclosed({ kind }: Enclosure, what: Enclosed): [string, ...string[]] {
  const inner =
    kind === 'none' ? ['sh', '-c', plainScript] : [...unshare(kind, what.network), 'sh', '-c', mountScript];
  const user = String(process.getuid?.() ?? 0);
  const group = String(process.getgid?.() ?? 0);
  return [...inner, 'sh', what.copy, what.place, what.dir, user, group, ...what.command] as [
    string,
    ...string[],
  ];
}

// Without root a user namespace stands in, in which one may mount.
function unshare(kind: 'whole' | 'mount', network: boolean): [string, ...string[]] {
  return [
    'unshare',
    ...(isRoot() ? [] : ['--user', '--map-root-user']),
    ...['--mount', '--propagation', 'private'],
    ...(network ? [] : ['--net']),
    ...(kind === 'whole' ? ['--pid', '--fork', '--kill-child', '--mount-proc'] : []),
    '--',
  ];
}

const isRoot = (): boolean => process.getuid?.() === 0;

// The first process of a PID namespace gets no signal that it does not catch, and unshare hands none on: the shell catches TERM, and what
// is left goes with it. A build that is not root's must not believe that it is (tar would give files to others), so it gets its number back.
const mountScript = `
set -e
mount --bind "$1" "$2"
cd "$2/$3"
user=$4 group=$5
shift 5
trap 'exit 143' TERM
set +e
if [ "$user" = 0 ]; then "$@" & else unshare --user --map-user="$user" --map-group="$group" -- "$@" & fi
wait $!
`;

const plainScript = `
set -e
cd "$1/$3"
shift 5
exec "$@"
`;
