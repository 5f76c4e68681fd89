import { readdir, readFile, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { digestOf } from '../core/digest.ts';
import { type Deb, debPath, type FetchContext, fetchAll, readDeb } from './fetch.ts';
import { failure, quietly, type TestMirrors, testMirrors } from './test-mirrors.ts';

const content = (name: string): Buffer => Buffer.from(`the bytes of ${name} `.repeat(5000));
const deb = (name: string): Deb => ({
  name,
  version: '1.0',
  archive: 'debian',
  sha256: digestOf(content(name)),
  size: content(name).length,
  path: `pool/main/${name}.deb`,
});

let mirrors: TestMirrors;
let shared = '';
let asked: string[] = [];
beforeEach(async () => {
  mirrors = await testMirrors();
  shared = mirrors.shared;
  asked = mirrors.asked;
});
afterEach(() => mirrors.close());

type Handler = (name: string, response: ServerResponse, count: number) => void;
const honest: Handler = (name, response) => response.end(content(name));

/** A mirror on this machine; returns its URL. */
async function mirror(handler: Handler): Promise<string> {
  return mirrors.serve((name, _request, response, count) => handler(name, response, count));
}

const away = (): Promise<string> => mirrors.away();

const context = (urls: readonly string[], more: Partial<FetchContext> = {}): FetchContext => ({
  ...quietly(shared),
  mirrors: { debian: urls, security: [] },
  ...more,
});

const stored = async (): Promise<string[]> => (await readdir(join(shared, 'debs'))).sort();

test('each package lies under its digest, bytes are told as they come, and nothing else is left', async () => {
  let bytes = 0;
  const debs = ['a', 'b', 'c'].map(deb);
  await fetchAll(debs, context([await mirror(honest)], { onBytes: (count) => (bytes += count) }));
  expect(await stored()).toEqual(debs.map((row) => `${row.sha256}.deb`).sort());
  expect(bytes).toBe(debs.reduce((sum, row) => sum + row.size, 0));
});

test('what is there is not asked for again', async () => {
  const url = await mirror(honest);
  await fetchAll([deb('a')], context([url]));
  await fetchAll([deb('a'), deb('b')], context([url]));
  expect(asked).toEqual(['/debian/pool/main/a.deb', '/debian/pool/main/b.deb']);
});

test('a mirror that is away, refuses, breaks off or lies is followed by the next', async () => {
  const url = await mirror(honest);
  const bad: readonly Promise<string>[] = [
    away(),
    mirror((_name, response) => response.writeHead(404).end()),
    mirror((name, response) => {
      response.writeHead(200, { 'content-length': content(name).length });
      response.write(content(name).subarray(0, 1000), () => response.destroy());
    }),
    mirror((_name, response) => response.end('something else')),
    mirror((_name, response) => response.end(Buffer.alloc(1_000_000))),
  ];
  for (const [i, each] of (await Promise.all(bad)).entries()) {
    await fetchAll([deb(`p${i}`)], context([each, url]));
    expect(await readFile(debPath(shared, deb(`p${i}`).sha256))).toEqual(content(`p${i}`));
  }
  expect((await stored()).every((name) => name.endsWith('.deb'))).toBe(true);
});

test('a mirror that fails once is asked again', async () => {
  const url = await mirror((name, response, count) =>
    count === 1 ? response.writeHead(503).end() : honest(name, response, count),
  );
  await fetchAll([deb('a')], context([url]));
  expect(asked).toHaveLength(2);
});

test('without any mirror that answers it is network.away, with the place, the reason and the tries', async () => {
  const url = await away();
  expect(await failure(fetchAll([deb('a')], context([url])))).toMatchObject({
    code: 'network.away',
    url: `${url}/pool/main/a.deb`,
    reason: expect.stringContaining('ECONNREFUSED') as string,
    tries: 3,
  });
});

test('when every mirror says that it is not there it is package.gone, at once, and one that is only away makes it network.away', async () => {
  const gone: Handler = (_name, response) => response.writeHead(404).end();
  const both = [await mirror(gone), await mirror(gone)];
  expect(await failure(fetchAll([deb('a')], context(both)))).toMatchObject({
    code: 'package.gone',
    package: 'a',
    version: '1.0',
  });
  expect(asked).toHaveLength(2);
  expect(await failure(fetchAll([deb('a')], context([await mirror(gone), await away()])))).toMatchObject({
    code: 'network.away',
  });
});

test('when the only mirror sends a tampered package it is digest.mismatch, and nothing is kept', async () => {
  const url = await mirror((name, response) => {
    const bytes = content(name);
    bytes[100] = 0;
    response.end(bytes);
  });
  expect(await failure(fetchAll([deb('a')], context([url])))).toMatchObject({
    code: 'digest.mismatch',
    what: 'a 1.0',
    expected: deb('a').sha256,
    source: `${url}/pool/main/a.deb`,
  });
  expect(await stored()).toEqual([]);
});

test('the error of the package that failed is told, not that the others were stopped', async () => {
  const url = await mirror((name, response) => {
    if (name === 'bad') response.writeHead(404).end();
    else response.write('x'); // and never ends
  });
  const debs = ['slow1', 'slow2', 'bad'].map(deb);
  expect(await failure(fetchAll(debs, context([url])))).toMatchObject({
    code: 'package.gone',
    package: 'bad',
  });
});

test('offline, what is there is used and the rest is network.away without a request', async () => {
  const url = await mirror(honest);
  await fetchAll([deb('a')], context([url]));
  asked.length = 0;
  await fetchAll([deb('a')], context([url], { offline: true }));
  expect(await failure(fetchAll([deb('b')], context([url], { offline: true })))).toMatchObject({
    code: 'network.away',
    reason: '--offline was given',
  });
  expect(asked).toEqual([]);
});

test('each archive has its own mirrors; one without any is told at once', async () => {
  const debian = await mirror(honest);
  const theirs = { ...deb('b'), archive: 'theirs' };
  const mirrors = { debian: [debian], theirs: [await mirror(honest)] };
  await fetchAll([deb('a'), theirs], context([], { mirrors }));
  expect(await stored()).toHaveLength(2);
  const lost = { ...deb('c'), archive: 'lost' };
  expect(await failure(fetchAll([lost], context([], { mirrors })))).toMatchObject({
    code: 'network.away',
    reason: 'no mirror of the archive lost is named',
    tries: 0,
  });
});

test('an abort ends a download at once, and what came is gone on with by the next run', async () => {
  const stop = new AbortController();
  const url = await mirror((_name, response) => {
    response.write('x');
    setTimeout(() => stop.abort(), 20);
  });
  const started = performance.now();
  expect(await failure(fetchAll([deb('a')], context([url], { signal: stop.signal })))).toMatchObject({
    code: 'interrupted',
  });
  expect(performance.now() - started).toBeLessThan(5000);
  expect(await stored()).toEqual([`${deb('a').sha256}.${process.pid}.part`]);
});

test('a stored package that was tampered with is fetched again before it is used', async () => {
  const url = await mirror(honest);
  await fetchAll([deb('a')], context([url]));
  const bytes = content('a');
  bytes[7] = 0;
  await writeFile(debPath(shared, deb('a').sha256), bytes);
  const warned: unknown[] = [];
  expect(await readDeb(deb('a'), context([url], { emit: (event) => warned.push(event) }))).toEqual(
    content('a'),
  );
  expect(warned).toHaveLength(1);
  expect(digestOf(await readFile(debPath(shared, deb('a').sha256)))).toBe(deb('a').sha256);
});
