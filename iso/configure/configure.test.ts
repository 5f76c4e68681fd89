// Groups of small packages on top of Debian's essential ones: what their layers hold, and what each way to go wrong says.
import { mkdtemp, open, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Failure, SynosError } from '../../core/failure.ts';
import { type Task, taskId } from '../../core/task.ts';
import { isoActions } from '../actions.ts';
import { type TarEntry, TarReader } from '../tar.ts';
import { basePlan } from '../test-base.ts';
import type { Recipe } from '../test-debs.ts';
import { type Drive, makeDrive } from '../test-drive.ts';

let drive: Drive;
let mountsBefore = '';
beforeAll(async () => {
  mountsBefore = await readFile('/proc/self/mountinfo', 'utf8');
  drive = await makeDrive(isoActions, { home: await mkdtemp(join(tmpdir(), 'iso-configure-')) });
}, 600_000);
afterAll(() => drive[Symbol.asyncDispose]());

const script = (...lines: string[]): string => `#!/bin/sh\nset -e\n${lines.join('\n')}\n`;

type Layer = ReadonlyMap<string, TarEntry & { readonly content: string }>;

async function layerOf(group: string): Promise<Layer> {
  const found = new Map<string, TarEntry & { content: string }>();
  await using file = await open(drive.path({ task: taskId(`iso:configure:${group}`), output: 'layer' }), 'r');
  const reader = new TarReader(file, { pax: true });
  for (let entry = await reader.next(); entry; entry = await reader.next()) {
    const pieces: Buffer[] = [];
    await reader.body(async (piece) => {
      pieces.push(Buffer.from(piece));
    });
    found.set(entry.name, { ...entry, content: Buffer.concat(pieces).toString() });
  }
  return found;
}

/** Configures lists of packages, each a group; returns the layers of them. */
const configure = (...lists: Recipe[][]): Promise<Layer[]> => configureWith({}, ...lists);

async function configureWith(change: Partial<Task>, ...lists: Recipe[][]): Promise<Layer[]> {
  const plan = await basePlan(join(drive.home, 'shared'), ...lists);
  const tasks = plan.map((task) => (/configure:list/.test(task.id) ? { ...task, ...change } : task));
  await drive.run(tasks.filter((task) => !task.id.startsWith('iso:root')));
  return Promise.all(lists.map((_, n) => layerOf(`list${n + 1}`)));
}

async function failure(
  recipe: Omit<Recipe, 'name'>,
  change: Partial<Task> = {},
): Promise<Failure & { tail?: readonly string[] }> {
  const error: unknown = await configureWith(change, [{ name: 'zz-broken', ...recipe }]).then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof SynosError) return error.failure as Failure & { tail?: readonly string[] };
  throw error;
}

const postinst = (...lines: string[]): { readonly postinst: string } => ({ postinst: script(...lines) });

test('a preinst runs before its files are there, and its files come over what it made', async () => {
  const preinst = script(
    '[ ! -e /usr/share/early ] && [ ! -e /etc/early.conf ]',
    'echo "$1|$2|$DPKG_MAINTSCRIPT_NAME|$DPKG_MAINTSCRIPT_PACKAGE|$0" >/usr/early-ran',
    'sed -n "s/^Package: //p" /var/lib/dpkg/tmp.ci/control >>/usr/early-ran',
    'echo mine >/usr/share/early',
    'echo kept >/etc/early.conf',
  );
  const control = {
    preinst,
    conffiles: '/etc/early.conf\n',
    ...postinst('cat /usr/share/early >/usr/after'),
  };
  const files = { 'usr/share/early': 'shipped\n', 'etc/early.conf': 'shipped\n' };
  const [layer] = await configure([{ name: 'early', control, files }]);
  expect(layer?.get('./usr/early-ran')?.content).toBe(
    'install||preinst|early|/var/lib/dpkg/tmp.ci/preinst\nearly\n',
  );
  expect(layer?.get('./usr/after')?.content).toBe('shipped\n');
  // As dpkg leaves it with --force-confold.
  expect(layer?.get('./etc/early.conf')?.content).toBe('kept\n');
  expect(layer?.has('./usr/share/early')).toBe(false);
  expect(layer?.get('./var/lib/dpkg/status')?.content).toMatch(
    /^Package: early\nStatus: install ok installed$/m,
  );
}, 600_000);

test('a package that diverts a file of another goes through dpkg', async () => {
  const files = { 'usr/share/owned': 'first\n' };
  const preinst = script(
    'dpkg-divert --package mover --rename --divert /usr/share/owned.real --add /usr/share/owned',
  );
  const [, layer] = await configure(
    [{ name: 'owner', files }],
    [{ name: 'mover', control: { preinst }, files: { 'usr/share/owned': 'second\n' } }],
  );
  expect(layer?.get('./usr/share/owned')?.content).toBe('second\n');
  expect(layer?.get('./usr/share/owned.real')?.content).toBe('first\n');
  expect(layer?.get('./var/lib/dpkg/info/mover.list')?.content).toContain('/usr/share/owned\n');
}, 600_000);

test('what an earlier group removed is gone, and what a later one ships there is there', async () => {
  const away = postinst('rm -r /usr/share/gone /usr/share/one', 'ln /usr/share/both /usr/share/linked');
  const [first, second] = await configure(
    [
      {
        name: 'away',
        control: away,
        files: { 'usr/share/gone/x': 'x', 'usr/share/one': '1', 'usr/share/both': 'b' },
      },
    ],
    [
      {
        name: 'back',
        control: postinst('ls /usr/share/gone >/usr/seen'),
        files: { 'usr/share/gone/y': 'y' },
      },
    ],
  );
  expect([...(first?.keys() ?? [])].filter((name) => name.includes('.wh.'))).toEqual([
    './usr/share/.wh.gone',
    './usr/share/.wh.one',
  ]);
  expect(first?.get('./usr/share/linked')).toMatchObject({ kind: 'hardlink', link: './usr/share/both' });
  expect(first?.get('./usr/share/both')?.content).toBe('b');
  expect(second?.get('./usr/seen')?.content).toBe('y\n');
  expect(second?.get('./usr/share/gone/y')?.content).toBe('y');
}, 600_000);

test('a layer says what changed and nothing else: no stand-ins, no logs, no keys, no time of today', async () => {
  const control = postinst(
    'touch /usr/share/same', // copied up, and its time is now
    'chmod 644 /usr/share/again', // copied up, and as it was
    'mkdir -p /etc/ssh; echo secret >/etc/ssh/ssh_host_rsa_key; echo x >/var/log/some.log; echo x >/var/log/some',
    'mkdir /usr/new; cp -p /usr/share/again /usr/new/copy; chown 12:34 /usr/new/copy; chmod 2755 /usr/new/copy',
    'update-initramfs -u; /usr/sbin/update-initramfs -u; /usr/sbin/policy-rc.d || echo $? >/usr/new/policy',
  );
  const files = { 'usr/share/same': 's', 'usr/share/again': 'a' };
  const [layer] = await configure([{ name: 'plain', control, files }]);
  const own = [...(layer?.keys() ?? [])].filter((name) => /ssh|init|policy|log|usr\/./.test(name));
  expect(own.filter((name) => !name.startsWith('./var/lib/dpkg/')).sort()).toEqual([
    './etc/ssh/',
    './usr/new/',
    './usr/new/copy',
    './usr/new/policy',
    './usr/share/same',
    './var/log/some',
  ]);
  expect(layer?.has('./usr/share/again')).toBe(false);
  expect(layer?.get('./usr/new/copy')).toMatchObject({
    uid: 12,
    gid: 34,
    mode: 0o2755,
    mtime: 1_700_000_000,
  });
  expect(layer?.get('./usr/new/policy')?.content).toBe('101\n');
  expect(layer?.get('./var/log/some')?.size).toBe(0);
  const lock = /^Epoch: (\d+)$/m.exec(await readFile('synos.lock', 'utf8'))?.[1];
  expect(Math.max(...[...(layer?.values() ?? [])].map(({ mtime }) => mtime))).toBe(Number(lock));
}, 600_000);

test('a trigger of an earlier group fires for files of a later one', async () => {
  const control = {
    triggers: 'interest-noawait /usr/share/watched\n',
    ...postinst('echo "$1 $2" >>/usr/fired'),
  };
  const [, layer] = await configure(
    [{ name: 'watcher', control }],
    [{ name: 'other', files: { 'usr/share/watched/x': 'x' } }],
  );
  expect(layer?.get('./usr/fired')?.content).toBe('configure \ntriggered /usr/share/watched\n');
}, 600_000);

test('a script that fails is named with its last words, before its files or after', async () => {
  const said = { code: 'package.failed', package: 'zz-broken', step: 'configure' };
  for (const name of ['preinst', 'postinst']) {
    const found = await failure({ control: { [name]: script('echo "no luck with $0" >&2', 'exit 3') } });
    expect(found, name).toMatchObject(said);
    expect(found.tail?.join('\n')).toContain('no luck with /var/lib/dpkg/');
  }
}, 600_000);

test('a script that hangs is named when the time is over', async () => {
  const found = await failure({ control: postinst('echo waiting >&2', 'sleep 1000') }, { limitMs: 16_000 });
  expect(found).toMatchObject({ code: 'package.failed', package: 'zz-broken' });
  expect(found.tail).toEqual(expect.arrayContaining(['waiting', 'it did not end within 11 s']));
}, 600_000);

test('a script that writes without end fills its memory and nothing else, and that is said', async () => {
  const found = await failure({ control: postinst('cat /dev/zero >/usr/zeros') });
  expect(found).toMatchObject({ code: 'package.failed', package: 'zz-broken' });
  expect(found.tail?.join('\n')).toContain('No space left on device');
  expect(found.tail).toContain('it wrote more than the memory that the packages may fill');
}, 600_000);

test('a process that a script left behind is ended and told; none has a terminal to ask or a network to reach', async () => {
  const control = postinst(
    '( exec sleep 1000 ) >/dev/null 2>&1 &',
    'if read -r answer; then echo "was told $answer"; exit 1; fi',
    'if ( : >/dev/tty ) 2>/dev/null; then echo "has a terminal"; exit 1; fi',
    'if wget -q http://192.0.2.1/ 2>/dev/null; then exit 1; fi',
    'cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d " \\n" >/usr/interfaces',
  );
  drive.events.length = 0;
  const [layer] = await configure([{ name: 'leaves', control }]);
  expect(layer?.get('./usr/interfaces')?.content).toBe('lo');
  const told = drive.events.flatMap((event) => (event.type === 'task.output' ? [event.line] : []));
  expect(told).toEqual(['a script left a process running, which was ended: sleep']);
}, 600_000);

test('nothing of this is left on the machine', async () => {
  expect(await readFile('/proc/self/mountinfo', 'utf8')).toBe(mountsBefore);
});
