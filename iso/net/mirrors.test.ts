import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { digestOf } from '../../core/digest.ts';
import { type Deb, debPath, type FetchContext, fetchAll } from '../fetch.ts';
import { failure, quietly, type Serve, type TestMirrors, testMirrors } from '../test-mirrors.ts';
import { get } from './request.ts';

const content = (name: string): Buffer => Buffer.from(`${name} has these bytes `.repeat(8000));
const deb = (name: string): Deb => ({
  name,
  version: '1.0',
  archive: 'debian',
  sha256: digestOf(content(name)),
  size: content(name).length,
  path: `pool/main/${name}.deb`,
});

let mirrors: TestMirrors;
let bytes = 0;
beforeEach(async () => {
  bytes = 0;
  mirrors = await testMirrors();
  await mkdir(join(mirrors.shared, 'debs'));
});
afterEach(async () => {
  vi.useRealTimers();
  await mirrors.close();
});

const fetchFrom = (name: string, ...urls: string[]): Promise<void> => {
  const context: FetchContext = {
    ...quietly(mirrors.shared),
    mirrors: { debian: urls },
    onBytes: (count) => (bytes += count),
  };
  return fetchAll([deb(name)], context);
};
const isWhole = async (name: string): Promise<void> => {
  expect((await readFile(debPath(mirrors.shared, deb(name).sha256))).equals(content(name))).toBe(true);
  expect((await readdir(join(mirrors.shared, 'debs'))).filter((each) => each.endsWith('.part'))).toEqual([]);
  expect(bytes).toBe(deb(name).size);
};

// As Apache and the CDNs do it.
function ranged(bytesOf: Buffer, request: IncomingMessage, response: ServerResponse): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const total = bytesOf.length;
  if (from >= total) return void response.writeHead(416).end();
  const headers = { 'content-length': total - from };
  if (from === 0) response.writeHead(200, headers);
  else response.writeHead(206, { ...headers, 'content-range': `bytes ${from}-${total - 1}/${total}` });
  response.end(bytesOf.subarray(from));
}
const honest: Serve = (name, request, response) => ranged(content(name), request, response);
const breaksOff =
  (after: number): Serve =>
  (name, _request, response) => {
    response.writeHead(200, { 'content-length': content(name).length });
    response.write(content(name).subarray(0, after), () => setTimeout(() => response.destroy(), 30));
  };

test('a download that breaks off goes on where it was, at another mirror', async () => {
  const ranges: unknown[] = [];
  const second = await mirrors.serve((name, request, response, count) => {
    ranges.push(request.headers.range);
    honest(name, request, response, count);
  });
  await fetchFrom('a', await mirrors.serve(breaksOff(50_000)), second);
  expect(ranges).toEqual(['bytes=50000-']);
  await isWhole('a');
});

test('a line that breaks again and again still brings the package, from a single mirror', async () => {
  const url = await mirrors.serve((name, request, response) => {
    const from = Number(/\d+/.exec(request.headers.range ?? '0')?.[0]);
    const size = deb(name).size;
    response.writeHead(from ? 206 : 200, {
      'content-length': size - from,
      ...(from ? { 'content-range': `bytes ${from}-${size - 1}/${size}` } : {}),
    });
    const piece = content(name).subarray(from, from + 40_000);
    response.write(piece, () =>
      setTimeout(() => (from + 40_000 < size ? response.destroy() : response.end()), 20),
    );
  });
  await fetchFrom('a', url);
  expect(mirrors.asked.length).toBe(Math.ceil(deb('a').size / 40_000));
  await isWhole('a');
});

test('what a run that was killed left is gone on with; of a process that lives, and old, it is not', async () => {
  const folder = join(mirrors.shared, 'debs');
  const dead = 4_190_000; // above every pid of this machine
  await writeFile(join(folder, `${deb('a').sha256}.${dead}.part`), content('a').subarray(0, 70_000));
  await writeFile(join(folder, `${deb('b').sha256}.1.part`), content('b').subarray(0, 70_000));
  await writeFile(join(folder, `${deb('c').sha256}.${dead}.part`), 'x');
  await writeFile(join(folder, 'what.part'), 'x');
  for (const name of [`${deb('c').sha256}.${dead}.part`, 'what.part'])
    await utimes(join(folder, name), new Date(0), new Date(0));
  const ranges: unknown[] = [];
  const url = await mirrors.serve((name, request, response, count) => {
    ranges.push(request.headers.range);
    honest(name, request, response, count);
  });
  await fetchFrom('a', url);
  await fetchFrom('b', url);
  expect(ranges).toEqual(['bytes=70000-', undefined]);
  const left = (await readdir(folder)).filter((name) => !name.endsWith('.deb'));
  expect(left).toEqual([`${deb('b').sha256}.1.part`]);
});

test('a part that is not of this file costs one more request of the same mirror, nothing else', async () => {
  const part = join(mirrors.shared, 'debs', `${deb('a').sha256}.4190000.part`);
  for (const wrong of [Buffer.alloc(1000), Buffer.alloc(deb('a').size), Buffer.alloc(deb('a').size + 5)]) {
    await writeFile(part, wrong);
    bytes = 0;
    await fetchFrom('a', await mirrors.serve(honest));
    await isWhole('a');
    const { rm } = await import('node:fs/promises');
    await rm(debPath(mirrors.shared, deb('a').sha256));
  }
  expect(mirrors.asked.length).toBe(4);
});

const size = (name: string): number => content(name).length;
const lies: { readonly [what: string]: Serve } = {
  'a web page': (_name, _request, response) =>
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<p>Please log in'),
  'another size': (_name, _request, response) => response.end(Buffer.alloc(77)),
  'an end too early': (name, _request, response) => {
    response.writeHead(200, { 'transfer-encoding': 'chunked' });
    response.end(content(name).subarray(0, 5000));
  },
  'bytes without end': (_name, _request, response) => {
    response.writeHead(200, { 'transfer-encoding': 'chunked' });
    const more = (): void => {
      if (!response.destroyed) response.write(Buffer.alloc(65536), () => setImmediate(more));
    };
    more();
  },
  'the right size of wrong bytes': (name, _request, response) => response.end(Buffer.alloc(size(name))),
  'a coding': (_name, _request, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(50 << 20))),
  'another range': (name, _request, response) =>
    response
      .writeHead(206, { 'content-range': `bytes 5-${size(name) - 1}/${size(name)}` })
      .end(content(name).subarray(5)),
  'a redirect to a file': (_name, _request, response) =>
    response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  'a redirect to nothing': (_name, _request, response) => response.writeHead(302).end(),
  'a redirect to itself': (_name, request, response) =>
    response.writeHead(301, { location: request.url ?? '' }).end(),
  'no HTTP': (_name, request) => request.socket.end('SSH-2.0-OpenSSH_9.2\r\n'),
};

test.each(Object.entries(lies))('a mirror that sends %s is followed by the next', async (_what, lie) => {
  await fetchFrom('a', await mirrors.serve(lie), await mirrors.serve(honest));
  await isWhole('a');
});

test('a mirror that failed is not asked for the next package while another answers', async () => {
  const bad = await mirrors.serve((_name, _request, response) => response.writeHead(500).end());
  const good = await mirrors.serve(honest);
  for (const name of ['a', 'b', 'c', 'd']) await fetchFrom(name, bad, good);
  expect(mirrors.asked.length).toBe(5);
});

test('a redirect to another host is followed', async () => {
  const other = await mirrors.serve(honest);
  const url = await mirrors.serve((name, _request, response) =>
    response.writeHead(307, { location: `${other}/pool/main/${name}.deb` }).end(),
  );
  await fetchFrom('a', url);
  await isWhole('a');
});

test.each([
  ['nothing more', 0],
  ['a byte now and then', 1],
])('a mirror that sends %s is left for another one', async (_what, drip) => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const stalls = await mirrors.serve((name, _request, response) => {
    response.writeHead(200, { 'content-length': size(name) });
    response.write(content(name).subarray(0, 10_000 + drip));
    setTimeout(() => vi.advanceTimersByTime(4000), 50);
  });
  await fetchFrom('a', stalls, await mirrors.serve(honest));
  await isWhole('a');
});

test('the only mirror has twenty seconds to go on, and then it is told how little came', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const stalls = await mirrors.serve((name, _request, response) => {
    response.writeHead(200, { 'content-length': size(name) });
    response.flushHeaders();
    setTimeout(() => vi.advanceTimersByTime(19_000), 30);
    setTimeout(() => vi.advanceTimersByTime(1000), 60);
  });
  expect(await failure(fetchFrom('a', stalls))).toMatchObject({
    code: 'network.away',
    reason: 'nothing came in 20 s',
    tries: 3,
  });
});

test('a mirror that asks for time gets it', async () => {
  const at: number[] = [];
  const url = await mirrors.serve((name, request, response, count) => {
    at.push(performance.now());
    if (count === 1) response.writeHead(429, { 'retry-after': '1' }).end();
    else honest(name, request, response, count);
  });
  await fetchFrom('a', url);
  expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThan(950);
});

test('connections are kept: many packages, no more of them than are used at once', async () => {
  const sockets = new Set<unknown>();
  const url = await mirrors.serve((name, request, response, count) => {
    sockets.add(request.socket);
    honest(name, request, response, count);
  });
  const debs = Array.from({ length: 30 }, (_, n) => deb(`p${n}`));
  await fetchAll(debs, { ...quietly(mirrors.shared), mirrors: { debian: [url] } });
  expect(sockets.size).toBeLessThanOrEqual(6);
});

test('what a mirror out there may not make us ask is not asked', async () => {
  const url = await mirrors.serve(honest);
  const signal = new AbortController().signal;
  // From inside, inside is where one is anyway.
  expect((await get(`${url}/pool/main/a.deb`, {}, signal)).status).toBe(200);
  const { isInside } = await import('./request.ts');
  for (const host of ['127.0.0.1', '10.1.2.3', '169.254.169.254', '::1', '::ffff:192.168.1.1', 'fe80::1'])
    expect(isInside(host)).toBe(true);
  for (const host of ['151.101.2.132', '2a04:4e42::644', 'deb.debian.org'])
    expect(isInside(host)).toBe(false);
});
