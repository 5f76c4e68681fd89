import { expect, test } from 'vitest';
import { SynosError } from '../core/failure.ts';
import { usrMerged } from './entry.ts';
import type { DebFacts, EntryFacts } from './facts.ts';
import { mergeTrees } from './merge.ts';
import type { TarKind } from './tar.ts';

function entry(shipped: string, kind: TarKind, mode = 0o755): EntryFacts {
  return { shipped, place: usrMerged(shipped), kind, mode, uid: 0, gid: 0, mtime: 1 };
}

/** `name` ships these; a path that ends in `/` is a folder, in `@` a link. */
function ships(name: string, paths: readonly string[], fields: Record<string, string> = {}): DebFacts {
  return {
    name,
    version: '1.0',
    sha256: '',
    infoName: name,
    control: Object.entries(fields),
    conffiles: [],
    md5sums: null,
    triggers: '',
    preinst: false,
    diverts: false,
    entries: paths.map((path) =>
      entry(path.replace(/[/@]$/, ''), path.endsWith('/') ? 'dir' : path.endsWith('@') ? 'symlink' : 'file'),
    ),
  };
}

function conflict(...all: DebFacts[]): object {
  try {
    mergeTrees(all);
  } catch (error) {
    if (error instanceof SynosError) return error.failure;
    throw error;
  }
  return {};
}

test('folders are shared, and the first package says how they are', () => {
  const first = {
    ...ships('base-files', []),
    entries: [entry('var', 'dir'), entry('var/mail', 'dir', 0o2775)],
  };
  const merged = mergeTrees([first, ships('x', ['var/', 'var/mail/', 'var/mail/x'])]);
  expect(merged.folders.map(({ place, mode }) => [place, mode])).toEqual([
    ['var', 0o755],
    ['var/mail', 0o2775],
  ]);
  expect([...merged.dropped]).toEqual([]);
});

test('a file of two packages is a conflict that names both, by the merged path', () => {
  const failure = { code: 'package.conflict', path: '/usr/bin/x', packages: ['aa', 'bb'] };
  expect(conflict(ships('aa', ['bin/x']), ships('bb', ['usr/bin/x']))).toEqual(failure);
});

test('the package that says Replaces keeps its file, whichever comes first', () => {
  const aa = ships('aa', ['usr/x']);
  const bb = ships('bb', ['usr/x'], { Replaces: 'cc, aa (<< 2)' });
  expect([...mergeTrees([aa, bb]).dropped]).toEqual(['aa/usr/x']);
  expect([...mergeTrees([bb, aa]).dropped]).toEqual(['aa/usr/x']);
});

test('Replaces counts for the versions that it names only', () => {
  const bb = ships('bb', ['usr/x'], { Replaces: 'aa (<< 1.0)' });
  expect(conflict(ships('aa', ['usr/x']), bb)).toMatchObject({ packages: ['aa', 'bb'] });
});

test('a folder of one package and a link of another at one place are a conflict, Replaces or not', () => {
  const bb = ships('bb', ['usr/d@'], { Replaces: 'aa' });
  expect(conflict(ships('aa', ['usr/d/', 'usr/d/x']), bb)).toMatchObject({ path: '/usr/d' });
});

test('a file of one package behind a link of another is a conflict, though neither is wrong alone', () => {
  expect(conflict(ships('aa', ['d@']), ships('bb', ['d/x']))).toEqual({
    code: 'package.conflict',
    path: '/d',
    packages: ['aa', 'bb'],
  });
  // The same in the other order, deeper, and with a file instead of a link.
  expect(conflict(ships('bb', ['usr/d/e/f/x']), ships('aa', ['usr/d@']))).toMatchObject({ path: '/usr/d' });
  expect(conflict(ships('bb', ['usr/d/e/x']), ships('aa', ['usr/d']))).toMatchObject({ path: '/usr/d' });
});

test('the link may hide behind the merged /usr', () => {
  expect(conflict(ships('aa', ['usr/lib/d@']), ships('bb', ['lib/d/x']))).toMatchObject({
    path: '/usr/lib/d',
  });
});

test('dpkg is left to find conflicts of what it unpacks, but for those by another name of one place', () => {
  const aa = ships('aa', ['bin/x']);
  expect(mergeTrees([aa], [ships('bb', ['bin/x'])]).dropped.size).toBe(0);
  const failed = (): unknown => mergeTrees([aa], [ships('bb', ['usr/bin/x'])]);
  expect(failed).toThrow('package.conflict');
  expect(mergeTrees([aa], [ships('bb', ['usr/bin/x'], { Replaces: 'aa' })]).dropped.size).toBe(0);
});
