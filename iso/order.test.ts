import { expect, test } from 'vitest';
import type { DebFacts } from './facts.ts';
import { orderPackages } from './order.ts';

type Spec = { essential?: boolean; preinst?: boolean; depends?: string; pre?: string; provides?: string };

function packages(specs: { readonly [name: string]: Spec }): DebFacts[] {
  return Object.entries(specs).map(([name, spec]) => ({
    name,
    version: '1',
    sha256: '',
    infoName: name,
    control: Object.entries({
      ...(spec.essential ? { Essential: 'yes' } : {}),
      ...(spec.depends ? { Depends: spec.depends } : {}),
      ...(spec.pre ? { 'Pre-Depends': spec.pre } : {}),
      ...(spec.provides ? { Provides: spec.provides } : {}),
    }),
    conffiles: [],
    md5sums: null,
    triggers: '',
    preinst: spec.preinst ?? false,
    entries: [],
  }));
}

const story = (all: readonly DebFacts[]): string[] =>
  orderPackages(all).steps.map((step) => `${step.verb} ${step.packages.join(' ')}`);

test('the base is Essential and all that it needs; dpkg unpacks what of it has a preinst, then configures it', () => {
  const all = packages({
    dpkg: { essential: true, pre: 'libc', depends: 'tar' },
    libc: { preinst: true },
    tar: {},
    tool: { depends: 'libc' },
  });
  expect(story(all)).toEqual(['unpack libc', 'configure dpkg libc tar']);
  expect([...orderPackages(all).merged].sort()).toEqual(['dpkg', 'libc', 'tar', 'tool']);
});

test('a package with a preinst is left to dpkg, and waits for what it pre-depends on', () => {
  const all = packages({
    dpkg: { essential: true },
    lib: {},
    helper: { depends: 'lib' },
    daemon: { preinst: true, pre: 'helper' },
    other: { preinst: true },
  });
  expect(story(all)).toEqual(['configure dpkg helper lib', 'unpack daemon other']);
  expect(orderPackages(all).merged.has('daemon')).toBe(false);
});

test('a pre-dependency that has a preinst itself is unpacked and configured first', () => {
  const all = packages({
    base: { essential: true },
    first: { preinst: true },
    second: { preinst: true, pre: 'first' },
    third: { preinst: true, pre: 'second | gone' },
  });
  expect(story(all)).toEqual([
    'configure base',
    'unpack first',
    'configure first',
    'unpack second',
    'configure second',
    'unpack third',
  ]);
});

test('a virtual name counts as the package that provides it', () => {
  const all = packages({
    base: { essential: true },
    real: { provides: 'virtual (= 1)' },
    user: { preinst: true, pre: 'virtual' },
  });
  expect(story(all)).toEqual(['configure base real', 'unpack user']);
});

test('a circle of Pre-Depends ends', () => {
  const all = packages({ a: { preinst: true, pre: 'b' }, b: { preinst: true, pre: 'a' } });
  const unpacked = story(all).filter((line) => line.startsWith('unpack'));
  expect(unpacked.join(' ').replaceAll('unpack ', '').split(' ').sort()).toEqual(['a', 'b']);
});

test('the order in which packages are listed does not matter', () => {
  const all = packages({
    a: { essential: true, depends: 'b' },
    b: { preinst: true },
    c: { preinst: true, pre: 'd' },
    d: { depends: 'e' },
    e: {},
  });
  expect(story([...all].reverse())).toEqual(story(all));
});
