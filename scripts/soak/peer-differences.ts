// What differs between the root file systems of mmdebstrap and of SynOS, and why each of it may.
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TreeDifference } from '../../iso/tree-entries.ts';

export type Explanation = {
  /** Of paths. */
  readonly path: RegExp;
  /** Facts that may differ there, as compareTrees names them; `missing` is in mmdebstrap's only, `unexpected` in ours only. */
  readonly what: readonly string[];
  readonly why: string;
  /** Only for folders. */
  readonly folder?: true;
  /** What must be equal of two contents that differ, so that not everything may. */
  readonly same?: (content: string) => unknown;
};

export type Verdict = {
  readonly explained: readonly {
    readonly explanation: Explanation;
    readonly count: number;
    readonly example: string;
  }[];
  readonly unexplained: readonly TreeDifference[];
  /** Those that no difference needed: the list is to be shortened. */
  readonly unused: readonly Explanation[];
};

/** The first explanation that fits a difference has it. The folders are those of the two trees, whose contents some look at. */
export function judge(
  differences: readonly TreeDifference[],
  trees: { readonly theirs: string; readonly ours: string },
  list: readonly Explanation[] = explanations,
): Verdict {
  const counts = new Map<Explanation, { count: number; example: string }>();
  const unexplained: TreeDifference[] = [];
  for (const difference of differences) {
    const found = list.find((explanation) => fits(explanation, difference, trees));
    if (!found) {
      unexplained.push(difference);
      continue;
    }
    const before = counts.get(found);
    counts.set(found, { count: (before?.count ?? 0) + 1, example: before?.example ?? difference.path });
  }
  return {
    explained: [...counts].map(([explanation, rest]) => ({ explanation, ...rest })),
    unexplained,
    unused: list.filter((explanation) => !counts.has(explanation)),
  };
}

function fits(
  { path, what, same, folder }: Explanation,
  difference: TreeDifference,
  { theirs, ours }: { readonly theirs: string; readonly ours: string },
): boolean {
  if (!path.test(difference.path) || !what.includes(difference.what)) return false;
  if (folder && !lstatSync(join(ours, difference.path)).isDirectory()) return false;
  if (!same || !['size', 'content'].includes(difference.what)) return true;
  const [left, right] = [theirs, ours].map((tree) => same(readFileSync(join(tree, difference.path), 'utf8')));
  return JSON.stringify(left) === JSON.stringify(right);
}

/** Lines in any order. */
export const lines = (content: string): string[] => content.split('\n').sort();

/** Accounts without the numbers that Debian gives in the order in which packages ask (Policy 9.2.2: 100 to 999), in any order. */
export const accounts = (content: string): string[] =>
  lines(content.replaceAll(/(?<=:)[1-9]\d\d(?=:|$)/gm, 'N'));

/** Stanzas of a database in any order; no blanks at the ends of lines. */
export const stanzas = (content: string): string[] =>
  content
    .replaceAll(/[ \t]+$/gm, '')
    .split('\n\n')
    .sort();

const contents = ['size', 'content'] as const;

export const explanations: readonly Explanation[] = [
  {
    path: /^\//,
    what: ['mtime'],
    folder: true,
    why: 'a folder has the time of the package that ships it; dpkg leaves that at which it last wrote into it',
  },
  {
    path: /^\/etc\/(?:hosts|systemd\/(?:system|network)(?:\/.*)?|systemd\/system-generators(?:\/.*)?|default\/locale|\.updated)$|^\/var\/\.updated$/,
    what: ['unexpected'],
    why: 'files of the live system',
  },
  {
    path: /^\/etc\/(?:hostname|apt\/sources\.list)$/,
    what: ['mode', ...contents],
    why: 'the live system has a name and mirrors of its own; mmdebstrap copies the name of the machine that it runs on',
  },
  {
    path: /^\/etc\/(?:passwd|group|gshadow)$/,
    what: contents,
    same: accounts,
    why: 'accounts of the system are made in the order in which scripts run, and numbered so',
  },
  { path: /^\/etc\/shadow$/, what: contents, same: lines, why: 'the same, without numbers' },
  {
    path: /^\/etc\/(?:passwd|group|shadow|gshadow)-$/,
    what: contents,
    why: 'what the account files were before the last account came, which is another one',
  },
  {
    path: /^\/usr\/(?:bin\/ssh-agent|lib\/dbus-1\.0\/dbus-daemon-launch-helper)$/,
    what: ['owner'],
    why: 'they belong to groups with such numbers',
  },
  { path: /^\/boot\/initrd\.img-/, what: ['missing'], why: 'the initramfs lies on the ISO' },
  { path: /^\/dev\/./, what: ['missing'], why: 'the kernel makes its devices itself' },
  { path: /^\/run\/./, what: ['missing'], why: 'this is memory, made anew at each start' },
  {
    path: /^\/etc\/(?:fstab|resolv\.conf)$/,
    what: ['missing'],
    why: 'the live system mounts and resolves by itself; mmdebstrap copies the resolver of the machine that it runs on',
  },
  {
    path: /^\/etc\/ssh\/ssh_host_/,
    what: ['missing'],
    why: 'keys of a host are made at its first start: those of an image would be known to all who have it',
  },
  { path: /^\/etc\/machine-id$/, what: ['mode', ...contents], why: 'empty: it is made at the first start' },
  {
    path: /^\/var\/(?:cache\/apt|lib\/apt)\/(?:archives|lists)\/(?:lock|partial)$/,
    what: ['missing', 'mode', 'owner'],
    why: 'apt was never run here; it makes these when it is',
  },
  {
    path: /^\/var\/(?:cache\/debconf\/.*-old|lib\/dpkg\/.*-old|lib\/apt\/extended_states|lib\/dpkg\/arch)$/,
    what: ['missing'],
    why: 'state of how the system was installed: copies of before the last change, what apt chose by itself, a list of one architecture',
  },
  {
    path: /^\/var\/lib\/dpkg\/status$/,
    what: contents,
    same: stanzas,
    why: 'blanks at the end of a description, which dpkg drops at its next write',
  },
  {
    path: /^\/var\/lib\/dpkg\/triggers\/File$/,
    what: contents,
    same: lines,
    why: 'in the order in which packages were unpacked',
  },
  {
    path: /^\/var\/log\/journal$/,
    what: ['xattrs'],
    why: 'a squashfs holds no access control lists; systemd sets this one at each start',
  },
];
