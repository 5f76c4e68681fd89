// Where a run happened and what it was built from: the user's commit and this machine. Asked once a process, because neither may
// change under one command, and each question costs a process or some reads of /proc.
import { existsSync, readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { run } from '../../core/exec.ts';
import { visibleUpTo } from '../../core/text.ts';
import type { GitFacts, HostFacts } from './run.ts';

const known = new Map<string, Promise<GitFacts | null>>();
let host: HostFacts | undefined;

/** Git's facts about a folder; null where there is no repository, no commit yet, or no git. Never rejects. */
export function gitFacts(tree: string): Promise<GitFacts | null> {
  const asked = known.get(tree) ?? readGit(tree).catch(() => null);
  known.set(tree, asked);
  return asked;
}

export function hostFacts(): HostFacts {
  host ??= readHost();
  return host;
}

// One process gives all three: `# branch.oid`, `# branch.head`, and a line for each file that differs.
async function readGit(tree: string): Promise<GitFacts | null> {
  const finished = await run({
    // optionalLocks: asking must not write the index under an editor's or another git's hands.
    argv: [
      'git',
      '--no-optional-locks',
      '-C',
      tree,
      'status',
      '--porcelain=v2',
      '--branch',
      '--untracked-files=normal',
    ],
    limitMs: 10_000,
    brief: true,
  });
  return finished.exit === 0 ? parseGitStatus(finished.stdout) : null;
}

/** Reads `git status --porcelain=v2 --branch`. Null before the first commit. */
export function parseGitStatus(text: string): GitFacts | null {
  const lines = text.split('\n').filter((line) => line !== '');
  const header = (name: string): string | undefined =>
    lines.find((line) => line.startsWith(`# branch.${name} `))?.slice(`# branch.${name} `.length);
  const commit = header('oid');
  if (!commit || !/^[0-9a-f]{40,64}$/.test(commit)) return null;
  const branch = header('head');
  return {
    commit,
    branch: branch && branch !== '(detached)' ? visibleUpTo(branch, 200) : null,
    dirty: lines.some((line) => !line.startsWith('# ')),
  };
}

function readHost(): HostFacts {
  const cpuinfo = read('/proc/cpuinfo');
  return {
    cpuModel: visibleUpTo(cpuModel(cpuinfo) ?? cpus()[0]?.model ?? 'unknown', 200),
    cores: availableParallelism(),
    memoryMib: Math.round(totalmem() / 2 ** 20),
    kernel: visibleUpTo(`${type()} ${release()}`, 200),
    architecture: arch(),
    container: containerHint({
      exists: existsSync,
      environ: read('/proc/1/environ'),
      cgroup: read('/proc/1/cgroup'),
      hypervisor: /^flags\s*:.*\bhypervisor\b/m.test(cpuinfo),
      product: read('/sys/class/dmi/id/product_name').trim(),
    }),
  };
}

export type ContainerSigns = {
  readonly exists: (path: string) => boolean;
  readonly environ: string;
  readonly cgroup: string;
  readonly hypervisor: boolean;
  readonly product: string;
};

/**
 * What kind of box this machine is in, by the signs that systemd-detect-virt reads: a container's marker files, `container=` of
 * process 1, its cgroup path, then the CPU's hypervisor bit.
 */
export function containerHint(signs: ContainerSigns): string | null {
  if (signs.exists('/.dockerenv')) return 'docker';
  if (signs.exists('/run/.containerenv')) return 'podman';
  const named = /(?:^|\0)container=([^\0]+)/.exec(signs.environ)?.[1];
  if (named) return visibleUpTo(named, 40);
  const cgroup = /\b(docker|lxc|kubepods|containerd)\b/.exec(signs.cgroup)?.[1];
  if (cgroup) return cgroup;
  if (signs.hypervisor) return signs.product ? `vm: ${visibleUpTo(signs.product, 60)}` : 'vm';
  return null;
}

function cpuModel(cpuinfo: string): string | undefined {
  return /^(?:model name|Model|cpu model)\s*:\s*(.+)$/m.exec(cpuinfo)?.[1]?.trim();
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
