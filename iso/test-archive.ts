// For tests of this wing: archives on this machine, made anew as often as a test likes, signed with real keys of its own.
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type IsoOptions, isoOptions } from './options.ts';
import { type Relocked, type RelockRequest, relock } from './relock.ts';
import { type MadeDeb, sh } from './test-debs.ts';

export const day = 86_400_000;

export type Publish = {
  /** The archive's folder below the server; its URL is `url(archive)`. */
  readonly archive?: string;
  readonly suite?: string;
  readonly key?: string | null;
  readonly date?: Date;
  readonly validUntil?: Date;
  /** What is served in place of the index that was signed. */
  readonly damage?: (index: string) => string | Buffer;
  /** Changes of the index before it is signed. */
  readonly forge?: (index: string) => string;
};

export class TestArchives {
  readonly folder: string;
  readonly #server: Server;
  /** Requests, in order. */
  readonly asked: string[] = [];
  readonly #controls = new Map<string, string>();
  #port = 0;
  #published = 1_700_000_000;

  private constructor(folder: string) {
    this.folder = folder;
    this.#server = createServer((request, response) => {
      this.asked.push(`${request.method} ${request.url}`);
      void this.#answer(request.url ?? '', request.headers['if-modified-since']).then(
        ({ status, bytes, date }) => {
          response.writeHead(status, {
            ...(date ? { 'last-modified': date } : {}),
            'content-length': bytes.length,
          });
          response.end(request.method === 'HEAD' || status === 304 ? undefined : bytes);
        },
      );
    });
  }

  static async start(keys: readonly string[]): Promise<TestArchives> {
    const rig = new TestArchives(await mkdtemp(join(tmpdir(), 'iso-archive-')));
    await new Promise<void>((done) => rig.#server.listen(0, '127.0.0.1', done));
    rig.#port = (rig.#server.address() as AddressInfo).port;
    for (const key of keys) await rig.#makeKey(key);
    return rig;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Forgets archives, lock and indexes; keys stay. */
  async reset(): Promise<void> {
    for (const name of ['served', 'shared', 'synos.lock'])
      await rm(this.path(name), { recursive: true, force: true });
    this.asked.length = 0;
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  url(archive = 'debian'): string {
    return `http://127.0.0.1:${this.#port}/${archive}`;
  }

  async #answer(
    url: string,
    since: string | undefined,
  ): Promise<{ status: number; bytes: Buffer; date?: string }> {
    const file = this.path('served', decodeURIComponent(url));
    try {
      const date = (await stat(file)).mtime.toUTCString();
      if (since === date) return { status: 304, bytes: Buffer.alloc(0), date };
      return { status: 200, bytes: await readFile(file), date };
    } catch {
      return { status: 404, bytes: Buffer.alloc(0) };
    }
  }

  async #makeKey(name: string): Promise<void> {
    const home = this.path(`gpg-${name}`);
    await mkdir(home, { mode: 0o700 });
    const gpg = ['gpg', '--homedir', home, '--batch', '--quiet'] as const;
    const key = [`${name}@example.org`, 'ed25519', 'sign', 'never'] as const;
    await sh(...gpg, '--passphrase', '', '--quick-generate-key', ...key);
    await sh(...gpg, '--output', this.path(`${name}.gpg`), '--export');
    await sh(...gpg, '--output', this.path(`${name}.asc`), '--armor', '--export');
    await sh('gpgconf', '--homedir', home, '--kill', 'all');
  }

  /** What a mirror has for a suite: the index, and a signed file with its digest and dates. `./` makes it flat. */
  async publish(made: readonly MadeDeb[], how: Publish = {}): Promise<void> {
    const { archive = 'debian', suite = 'bookworm' } = how;
    const flat = suite === './';
    const root = this.path('served', archive, flat ? '' : join('dists', suite));
    const key = flat ? 'Packages' : 'main/binary-amd64/Packages';
    const rows = await Promise.all(made.map((one) => this.#indexRow(one, flat)));
    const index = (how.forge ?? ((text) => text))(rows.join('\n'));
    await mkdir(dirname(join(root, key)), { recursive: true });
    await writeFile(join(root, key), how.damage ? how.damage(index) : index);
    await this.#sign(join(root, 'InRelease'), releaseText(suite, key, Buffer.from(index), how), how.key);
    // HTTP counts in seconds: what is published twice within one must not look unchanged.
    this.#published += 1;
    for (const file of [key, 'InRelease']) await utimes(join(root, file), this.#published, this.#published);
    for (const { deb, bytes } of made) {
      await mkdir(dirname(this.path('served', archive, deb.path)), { recursive: true });
      await writeFile(this.path('served', archive, deb.path), bytes);
    }
  }

  /** A suite of Debian and its updates, which are empty. */
  async debian(made: readonly MadeDeb[], how: Publish = {}): Promise<void> {
    await this.publish(made, how);
    await this.publish([], { ...how, suite: 'bookworm-updates', damage: (text) => text });
  }

  async #sign(file: string, text: string, key: string | null | undefined): Promise<void> {
    await rm(file, { force: true });
    if (key === null) return writeFile(file, text);
    const plain = this.path('plain');
    await writeFile(plain, text);
    const home = this.path(`gpg-${key ?? 'good'}`);
    await sh('gpg', '--homedir', home, '--batch', '--yes', '--quiet', '--output', file, '--clearsign', plain);
    await sh('gpgconf', '--homedir', home, '--kill', 'all');
  }

  async #indexRow({ deb, bytes }: MadeDeb, flat: boolean): Promise<string> {
    const known = this.#controls.get(deb.sha256);
    const file = this.path(`${deb.sha256}.deb`);
    if (known === undefined) await writeFile(file, bytes);
    const control = known ?? (await sh('dpkg-deb', '--field', file));
    this.#controls.set(deb.sha256, control);
    return `${control}Filename: ${flat ? './' : ''}${deb.path}\nSize: ${deb.size}\nSHA256: ${deb.sha256}\n`;
  }

  options(more: { readonly [name: string]: unknown } = {}): IsoOptions {
    return isoOptions.parse({
      mirror: [this.url()],
      securityMirror: [],
      keyring: this.path('good.gpg'),
      packages: { security: ['scanner'] },
      ...more,
    });
  }

  lock(more: { readonly [name: string]: unknown } = {}, how: Partial<RelockRequest> = {}): Promise<Relocked> {
    return relock({
      options: this.options(more),
      file: this.path('synos.lock'),
      folder: this.path('apt'),
      shared: this.path('shared'),
      mode: { kind: 'keep' },
      acceptOlder: false,
      check: false,
      emit: () => {},
      ...how,
    });
  }
}

function releaseText(suite: string, key: string, index: Buffer, how: Publish): string {
  const utc = (date: Date): string => date.toUTCString().replace('GMT', 'UTC');
  const sum = createHash('sha256').update(index).digest('hex');
  return [
    'Origin: Test',
    `Suite: ${suite}`,
    `Codename: ${suite}`,
    `Date: ${utc(how.date ?? new Date(Date.now() - day))}`,
    ...(how.validUntil ? [`Valid-Until: ${utc(how.validUntil)}`] : []),
    'Architectures: amd64 all',
    'Components: main',
    'SHA256:',
    ` ${sum} ${index.length} ${key}`,
    '',
  ].join('\n');
}
