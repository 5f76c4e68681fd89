// For tests of this wing: mirrors on this machine, honest and other, and the folder that packages are fetched into.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Failure, SynosError } from '../core/failure.ts';
import type { FetchContext } from './fetch.ts';

/** `name` is that of the package, `count` how many requests this mirror has had. */
export type Serve = (name: string, request: IncomingMessage, response: ServerResponse, count: number) => void;

export type TestMirrors = {
  readonly shared: string;
  /** Paths of all requests. */
  readonly asked: string[];
  /** The URL of a new mirror. */
  serve(handler: Serve): Promise<string>;
  /** The URL of a port that nothing listens on. */
  away(): Promise<string>;
  close(): Promise<void>;
};

export async function testMirrors(): Promise<TestMirrors> {
  const shared = await mkdtemp(join(tmpdir(), 'iso-fetch-'));
  const servers: Server[] = [];
  const asked: string[] = [];
  const end = (server: Server): Promise<unknown> => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  };
  const serve = async (handler: Serve): Promise<string> => {
    let count = 0;
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      handler(/main\/(.*)\.deb$/.exec(request.url ?? '')?.[1] ?? '', request, response, ++count);
    });
    servers.push(server);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/debian`;
  };
  return {
    shared,
    asked,
    serve,
    async away() {
      const url = await serve(() => {});
      await end(servers.pop() as Server);
      return url;
    },
    async close() {
      await Promise.all(servers.map(end));
      await rm(shared, { recursive: true, force: true });
    },
  };
}

/** A context without mirrors that tells nobody. */
export function quietly(shared: string): FetchContext {
  return {
    shared,
    offline: false,
    mirrors: {},
    signal: new AbortController().signal,
    emit: () => {},
    onBytes: () => {},
  };
}

/** The failure that a promise rejects with. */
export async function failure(work: Promise<unknown>): Promise<Failure> {
  const error: unknown = await work.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof SynosError) return error.failure;
  throw error;
}
