// One GET over HTTP or HTTPS as it is on the wire: nothing is decompressed, no proxy of the environment takes part, connections are kept
// for the next request, and a redirect leads to no place that the first address would not have been allowed to name.

import type { LookupAddress, LookupOptions } from 'node:dns';
import type { Agent, IncomingMessage } from 'node:http';
import type { LookupFunction } from 'node:net';

export type Answer = {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: IncomingMessage;
};

const mostRedirects = 5;
const redirects = new Set([301, 302, 303, 307, 308]);

/** Connections to one host; how many are used at once is the caller's business. */
const agentOptions = { keepAlive: true, maxSockets: 16 } as const;
const agents = new Map<string, Agent>();

function agentOf(protocol: string): Agent {
  const known = agents.get(protocol);
  if (known) return known;
  const http = process.getBuiltinModule('node:http');
  const made =
    protocol === 'https:'
      ? new (process.getBuiltinModule('node:https').Agent)(agentOptions)
      : new http.Agent(agentOptions);
  agents.set(protocol, made);
  return made;
}

/** Resolves with any status but a redirect. Throws an Error that says what went wrong; whoever does not read the body destroys it. */
export async function get(
  url: string,
  headers: { readonly [name: string]: string },
  signal: AbortSignal,
): Promise<Answer> {
  let at = new URL(url);
  let inside: boolean | undefined;
  for (let hops = 0; hops <= mostRedirects; hops++) {
    const body = await once(at, headers, signal, inside === false);
    inside ??= isInside(body.socket.remoteAddress);
    const status = body.statusCode ?? 0;
    if (!redirects.has(status)) return { status, headers: body.headers, body };
    body.destroy();
    at = redirected(at, body.headers.location);
  }
  throw new Error(`it redirects more than ${mostRedirects} times`);
}

function redirected(from: URL, location: string | undefined): URL {
  const to = location === undefined ? null : URL.parse(location, from.href);
  if (!to) throw new Error('it redirects to no address');
  if (to.protocol !== 'http:' && to.protocol !== 'https:') throw new Error(`it redirects to ${to.protocol}`);
  if (from.protocol === 'https:' && to.protocol === 'http:')
    throw new Error('it redirects from https to http');
  to.username = '';
  to.password = '';
  return to;
}

async function once(
  url: URL,
  headers: { readonly [name: string]: string },
  signal: AbortSignal,
  outsideOnly: boolean,
): Promise<IncomingMessage> {
  const { request } = process.getBuiltinModule(url.protocol === 'https:' ? 'node:https' : 'node:http');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (outsideOnly && isInside(host)) throw inward(host);
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      agent: agentOf(url.protocol),
      headers: { ...headers, 'accept-encoding': 'identity', 'user-agent': 'SynOS' },
      signal,
      ...(outsideOnly ? { lookup: lookupOutside } : {}),
    });
    sent.once('response', resolve);
    // A kept connection may be closed by the other side just as it is used again: that says nothing about the mirror.
    sent.on('error', (error) => {
      if (sent.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET' && !signal.aborted)
        resolve(once(url, headers, signal, outsideOnly));
      else reject(error);
    });
    sent.end();
  });
}

const lookupOutside: LookupFunction = (host, options: LookupOptions, callback) => {
  const { lookup } = process.getBuiltinModule('node:dns');
  lookup(host, { ...options, all: true }, (error, found: LookupAddress[]) => {
    const bad = error ?? (found.some(({ address }) => isInside(address)) ? inward(host) : null);
    if (bad || options.all) callback(bad, found);
    else callback(null, found[0]?.address ?? '', found[0]?.family);
  });
};

function inward(host: string): Error {
  return new Error(`it redirects into this machine or its own network (${host})`);
}

// Addresses that only machines of this network reach: a mirror out there may not make us ask them (RFC 6890).
const insideRanges: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['::', 127, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
];
let list: import('node:net').BlockList | undefined;

/** False for a name: that is looked up first. */
export function isInside(host: string | undefined): boolean {
  const { BlockList, isIP } = process.getBuiltinModule('node:net');
  if (!list) {
    list = new BlockList();
    for (const [address, bits, family] of insideRanges) list.addSubnet(address, bits, family);
  }
  if (host === undefined) return false;
  const plain = host.replace(/^::ffff:(?=\d+\.)/i, '');
  const family = isIP(plain);
  return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
}
