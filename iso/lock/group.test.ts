import { expect, test } from 'vitest';
import { groupPackages } from './group.ts';
import type { IndexRow } from './package-index.ts';

type Fields = { readonly [field: string]: string };

function rows(packages: { readonly [name: string]: Fields }): Map<string, IndexRow> {
  return new Map(
    Object.entries(packages).map(([name, fields]) => [
      name,
      {
        name,
        version: fields['Version'] ?? '1.0',
        archive: 'debian',
        fields: new Map(Object.entries(fields)),
      },
    ]),
  );
}

const grouped = (...args: Parameters<typeof groupPackages>): { [name: string]: string } =>
  Object.fromEntries([...groupPackages(...args)].sort());

test('what two lists need is of the first of them, and what the base needs is of the base', () => {
  const all = rows({
    libc: {},
    init: { 'Pre-Depends': 'libc' },
    tool: { Depends: 'libc, libtool' },
    libtool: {},
    other: { Depends: 'libtool, libother' },
    libother: {},
  });
  const lists = { one: ['tool', 'libc'], two: ['other'] };
  expect(grouped(all, ['init'], lists)).toEqual({
    init: 'base',
    libc: 'base',
    tool: 'one',
    libtool: 'one',
    other: 'two',
    libother: 'two',
  });
  expect(grouped(all, ['init'], { two: ['other'], one: ['tool'] })).toMatchObject({ libtool: 'two' });
});

test('an alternative that an earlier group has is no reason to take another', () => {
  const all = rows({
    must: { Depends: 'small | large' },
    small: {},
    user: { Depends: 'large | small' },
    large: {},
  });
  expect(grouped(all, ['must'], { a: ['user'], b: ['large'] })).toEqual({
    must: 'base',
    small: 'base',
    user: 'a',
    large: 'b',
  });
});

test('a virtual package is met by who provides it, a version only by a provider of that version', () => {
  const all = rows({
    user: { Depends: 'virtual (>= 2)' },
    old: { Provides: 'virtual (= 1)' },
    plain: { Provides: 'virtual' },
    right: { Provides: 'virtual (= 2)' },
  });
  expect(grouped(all, [], { a: ['user'], b: ['old', 'plain'] })).toEqual({
    user: 'a',
    right: 'a',
    old: 'b',
    plain: 'b',
  });
});

test('a circle of dependencies is one group, and what nothing explains comes last', () => {
  const all = rows({
    egg: { Depends: 'hen' },
    hen: { Depends: 'egg' },
    user: { Depends: 'stray' },
    stray: {},
    lone: {},
  });
  expect(grouped(all, [], { one: ['hen'], two: ['user'] })).toEqual({
    egg: 'one',
    hen: 'one',
    user: 'two',
    stray: 'two',
    lone: 'two',
  });
});

test('a list called base joins the base, wherever it stands', () => {
  const all = rows({ init: {}, tool: {}, mine: {} });
  expect(grouped(all, ['init'], { one: ['tool'], base: ['mine'] })).toEqual({
    init: 'base',
    mine: 'base',
    tool: 'one',
  });
});
