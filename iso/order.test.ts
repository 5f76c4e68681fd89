import { expect, test } from 'vitest';
import type { DebFacts } from './facts.ts';
import { orderPackages } from './order.ts';

type Spec = {
  essential?: boolean;
  preinst?: 'plain' | 'diverts';
  depends?: string;
  pre?: string;
  provides?: string;
};

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
    preinst: spec.preinst !== undefined,
    diverts: spec.preinst === 'diverts',
    entries: [],
  }));
}

const story = (all: readonly DebFacts[]): string[] =>
  orderPackages(all).steps.map((step) => `${step.verb} ${step.packages.join(' ')}`);

test('a script that only prepares runs by itself; one that diverts needs dpkg', () => {
  const all = packages({
    dpkg: { essential: true, pre: 'libc' },
    libc: { preinst: 'plain' },
    plain: { preinst: 'plain', pre: 'tool' },
    tool: { preinst: 'plain', depends: 'lib' },
    lib: {},
    moves: { preinst: 'diverts' },
  });
  expect(story(all)).toEqual([
    'preinst libc',
    'configure dpkg libc',
    'unpack moves',
    'preinst tool',
    'configure lib tool',
    'preinst plain',
  ]);
});

test('what earlier groups have is there and configured', () => {
  const before = packages({ dpkg: { essential: true }, tool: { preinst: 'plain' } });
  const all = packages({ plain: { preinst: 'plain', pre: 'tool' } });
  const { base, steps } = orderPackages(all, before);
  expect([...base]).toEqual([]);
  expect(steps).toEqual([{ verb: 'preinst', packages: ['plain'] }]);
});

test('the base is Essential and all that it needs; dpkg unpacks what of it has a preinst, then configures it', () => {
  const all = packages({
    dpkg: { essential: true, pre: 'libc', depends: 'tar' },
    libc: { preinst: 'diverts' },
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
    daemon: { preinst: 'diverts', pre: 'helper' },
    other: { preinst: 'diverts' },
  });
  expect(story(all)).toEqual(['configure dpkg helper lib', 'unpack daemon other']);
  expect(orderPackages(all).merged.has('daemon')).toBe(false);
});

test('a pre-dependency that has a preinst itself is unpacked and configured first', () => {
  const all = packages({
    base: { essential: true },
    first: { preinst: 'diverts' },
    second: { preinst: 'diverts', pre: 'first' },
    third: { preinst: 'diverts', pre: 'second | gone' },
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
    user: { preinst: 'diverts', pre: 'virtual' },
  });
  expect(story(all)).toEqual(['configure base real', 'unpack user']);
});

test('a circle of Pre-Depends ends', () => {
  const all = packages({ a: { preinst: 'diverts', pre: 'b' }, b: { preinst: 'diverts', pre: 'a' } });
  const unpacked = story(all).filter((line) => line.startsWith('unpack'));
  expect(unpacked.join(' ').replaceAll('unpack ', '').split(' ').sort()).toEqual(['a', 'b']);
});

test('the order in which packages are listed does not matter', () => {
  const all = packages({
    a: { essential: true, depends: 'b' },
    b: { preinst: 'diverts' },
    c: { preinst: 'diverts', pre: 'd' },
    d: { depends: 'e' },
    e: {},
  });
  expect(story([...all].reverse())).toEqual(story(all));
});
