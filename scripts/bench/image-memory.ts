// Peak memory (VmHWM) of the process that makes an image of many packages: those of synos.lock, and small ones made here until there are as
// many as asked for, each with some hundred entries. Packages are fetched before (`synos build iso`); all else is done from nothing,
// then once more with the packs there.
//   node scripts/bundle.ts && node scripts/bench/image-memory.ts [packages, default 1000] [--keep FOLDER]
import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { digestOf } from '../../core/digest.ts';
import { formatLock, type LockedPackage, parseLock } from '../../iso/lock.ts';
import { arOf, tarOf } from '../../iso/test-debs.ts';

const root = resolve(import.meta.dirname, '../..');
const wanted = Number(process.argv[2] ?? 1000);
const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Text that compresses as programs do, to a third or so, and is another in each file. */
function filling(seed: number, bytes: number): string {
  let state = seed * 2654435761 + 1;
  const words: string[] = [];
  for (let length = 0; length < bytes; length += 9) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    words.push(state.toString(16).padStart(8, '0'));
  }
  return words.join(' ');
}

async function makePackage(number: number): Promise<{ row: LockedPackage; bytes: Buffer }> {
  const name = `zz-made-${String(number).padStart(4, '0')}`;
  const files = Array.from({ length: 90 }, (_, file) => ({
    name: `./usr/share/${name}/part-${file % 8}/a-file-of-some-length-${file}.txt`,
    content: filling(number * 100 + file, 200 + ((number * 31 + file * 97) % 80) * 100),
  }));
  const folders = [
    'usr',
    'usr/share',
    `usr/share/${name}`,
    ...Array.from({ length: 8 }, (_, part) => `usr/share/${name}/part-${part}`),
  ];
  const data = await tarOf([
    { name: './', mode: 0o755 },
    ...folders.map((path) => ({ name: `./${path}/`, mode: 0o755 })),
    ...files,
  ]);
  const fields = `Package: ${name}\nVersion: 1.0\nArchitecture: all\nMaintainer: Made <made@example.org>\nDescription: made for a measurement\n`;
  const control = await tarOf([{ name: './control', content: fields }]);
  const members = {
    'debian-binary': Buffer.from('2.0\n'),
    'control.tar.gz': gzipSync(control),
    'data.tar.gz': gzipSync(data, { level: 1 }),
  };
  const bytes = arOf(members);
  const row: LockedPackage = {
    ...{
      name,
      version: '1.0',
      architecture: 'all',
      archive: 'debian',
      sha256: digestOf(bytes),
      size: bytes.length,
    },
    ...{
      installedKib: data.length >> 10,
      path: `pool/main/z/${name}/${name}_1.0_all.deb`,
      why: 'list:dev',
      group: 'dev',
    },
  };
  return { row, bytes };
}

async function makeProject(folder: string): Promise<void> {
  const debs = join(folder, '.synos/shared/debs');
  mkdirSync(debs, { recursive: true });
  const from = join(root, '.synos/shared/debs');
  for (const name of readdirSync(from)) linkSync(join(from, name), join(debs, name));
  for (const name of ['synos.yaml', 'kernel'])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  const lock = parseLock(readFileSync(join(root, 'synos.lock'), 'utf8'), 'synos.lock');
  const packages = [...lock.packages];
  while (packages.length < wanted) {
    const { row, bytes } = await makePackage(packages.length);
    writeFileSync(join(debs, `${row.sha256}.deb`), bytes);
    packages.push(row);
  }
  packages.sort((a, b) => (a.name < b.name ? -1 : 1));
  writeFileSync(join(folder, 'synos.lock'), formatLock({ ...lock, packages }));
}

/** Builds the image; returns the peak of the process itself in KiB. What it starts is not in it. */
function build(folder: string): Promise<number> {
  const argv = [join(root, 'dist/synos.cjs'), 'build', 'iso', '--offline'];
  const child = spawn(process.execPath, argv, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  let [peak, tail] = [0, ''];
  child.stdout.on('data', (bytes: Buffer) => {
    tail = (tail + bytes.toString()).slice(-600);
  });
  const timer = setInterval(() => {
    const status = `/proc/${child.pid}/status`;
    const text = existsSync(status) ? readFileSync(status, 'utf8') : '';
    peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(text)?.[1] ?? 0));
  }, 20);
  return new Promise((done, failed) => {
    child.once('exit', (code) => {
      clearInterval(timer);
      say(
        tail
          .split('\n')
          .filter((line) => /sha256|tasks/.test(line))
          .join('\n'),
      );
      if (code === 0) done(peak);
      else failed(new Error(`synos build iso ended with ${code}: ${tail}`));
    });
  });
}

const kept = process.argv[3] === '--keep' ? process.argv[4] : undefined;
mkdirSync(join(root, '.synos'), { recursive: true });
const folder = kept === undefined ? mkdtempSync(join(root, '.synos/bench-')) : resolve(kept);
try {
  if (!existsSync(join(folder, 'synos.lock'))) await makeProject(folder);
  for (const what of ['cold', 'packs there']) {
    rmSync(join(folder, '.synos/cache'), { recursive: true, force: true });
    if (what === 'cold') rmSync(join(folder, '.synos/shared/packs'), { recursive: true, force: true });
    say(
      `${basename(folder)}, ${wanted} packages, ${what}: ${Math.round((await build(folder)) / 1024)} MiB at its most`,
    );
  }
} finally {
  if (kept === undefined) rmSync(folder, { recursive: true, force: true });
}
