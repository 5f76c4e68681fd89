// Real QEMU: what a display shows at the end of a boot, whatever the end is.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { digestOf } from '../core/digest.ts';
import { pngSize } from '../core/png.ts';
import { samplePng } from '../core/sample-png.ts';
import { takeScreenshot } from '../qemu/screenshot.ts';
import { bootOnce, flatGuest, qemuLeft, type Workshop, workshop } from './boot-rig.ts';
import { fits } from './fits.ts';
import { project } from './rig.ts';

let shop: Workshop;
beforeAll(() => {
  shop = workshop();
});
afterAll(() => shop[Symbol.dispose]());
afterEach(() => expect(qemuLeft()).toEqual([]));

/** Hides the cursor, that blinks, fills the 80x25 cells of VGA text memory with white on blue, says `ok`, and goes on with `end`. */
const painting = (end: string): string => `
 cli
 xor %ax, %ax
 mov %ax, %ds
 mov %ax, %ss
 mov $0x7c00, %sp
 mov $0x3d4, %dx
 mov $0x200a, %ax
 out %ax, %dx
 mov $0xb800, %ax
 mov %ax, %es
 xor %di, %di
 mov $2000, %cx
 mov $0x1f41, %ax
 rep stosw
 mov $text, %si
 mov $0x3f8, %dx
1: lodsb
 test %al, %al
 jz 2f
 out %al, %dx
 jmp 1b
2:
${end}
text: .asciz "ok\\n"
 .org 510
 .word 0xaa55
`;

const vga = { boot: 'disk', machine: 'pc', memoryMib: 16, devices: ['vga'] };
let count = 0;
async function picture(end: string, options = {}, exact = false) {
  const name = `paints-${count++}`;
  const screenTo = join(shop.folder, `${name}.png`);
  const disk = flatGuest(shop.folder, name, painting(end), 0x7c00);
  const { outcome } = await bootOnce({ disk, screenTo, exact, options: { ...vga, ...options } });
  return { outcome, data: readFileSync(screenTo) };
}

const forever = ' sti\n8: hlt\n jmp 8b\n';
test.each<[string, string, object, string]>([
  ['halts for ever', ' hlt\n', {}, 'halt'],
  ['resets', ' mov $0xfe, %al\n out %al, $0x64\n', {}, 'reset'],
  ['powers off', ' mov $0x604, %dx\n mov $0x2000, %ax\n out %ax, %dx\n hlt\n', {}, 'early'],
  ['says no more', forever, { limits: { seconds: 3, silenceSeconds: 1 } }, 'firmware'],
  ['passes by a rule and runs on', forever, { rules: { pass: '^ok' } }, 'passed'],
])('a guest that paints and %s leaves a picture of its screen', async (_, end, options, verdict) => {
  const { outcome, data } = await picture(end, options);
  expect(outcome.end).toBe(verdict);
  expect(pngSize(data)).toEqual({ width: 720, height: 400 });
  expect(outcome.last?.notes ?? []).not.toContainEqual(expect.stringContaining('screenshot'));
});

test('the picture shows what the guest painted', async () => {
  const [blue, other] = [await picture(' hlt\n'), await picture(' movw $0x4e42, %es:0\n hlt\n')];
  expect(blue.data.equals((await picture(' hlt\n')).data)).toBe(true);
  expect(blue.data.equals(other.data)).toBe(false);
});

test('a guest that ended QEMU leaves none, and a machine without a display has no such output', async () => {
  const { outcome, data } = await picture(' mov $0xf4, %dx\n mov $5, %eax\n out %eax, %dx\n hlt\n');
  expect(outcome).toMatchObject({ end: 'failed', qemu: { exit: 11 } });
  expect(data).toHaveLength(0);
  expect(outcome.last).toBeUndefined();
  await expect(picture(' hlt\n', { devices: [] })).rejects.toThrow('ENOENT');
});

const config = `
machines:
  shown: { boot: disk, file: disk.img, machine: pc, memoryMib: 16, devices: [vga], accelerator: tcg, rules: { pass: '^ok' } }
`;

test('`synos boot` puts the picture below out/, names it, and shows it on the page', async () => {
  await using rig = await project({ config });
  copyFileSync(flatGuest(shop.folder, 'cli', painting(forever), 0x7c00), join(rig.folder, 'disk.img'));
  const { exit, out } = await rig.synos(['boot']);
  expect(exit).toBe(0);
  expect(out).toContain('screen: out/screens/shown.png');
  const data = readFileSync(join(rig.folder, 'out/screens/shown.png'));
  expect(pngSize(data)).toEqual({ width: 720, height: 400 });
  const image = `src="data:image/png;base64,${data.toString('base64')}"`;
  expect(rig.read('out/report.html')).toContain(image);
  const run = (await rig.synos(['report', '--json'])).json() as { boots: { screen: object }[] };
  await fits('run', run);
  expect(run.boots[0]?.screen).toEqual({ path: 'out/screens/shown.png', digest: digestOf(data) });
  await rig.synos(['report', '--html', 'again.html']);
  expect(rig.read('again.html')).toContain(image);
  // A later run that takes no picture must not be taken for this one; other machines' files are theirs.
  mkdirSync(join(rig.folder, 'out/dumps'));
  const [gone, kept] = [
    ['screens/shown-2.png', 'dumps/shown.elf'],
    ['screens/other.png', 'screens/shown-x.png'],
  ];
  for (const path of [...gone, ...kept]) rig.write(`out/${path}`, '');
  rig.write('synos.yaml', config.replace('devices: [vga], ', ''));
  expect((await rig.synos(['boot', '--no-report'])).exit).toBe(0);
  expect(['screens/shown.png', ...gone].filter((path) => rig.has(`out/${path}`))).toEqual([]);
  expect(kept.filter((path) => rig.has(`out/${path}`))).toEqual(kept);
});

test.each<[string, () => void, string]>([
  [
    'refuses',
    () => {
      throw new Error("Parameter 'format' is unexpected");
    },
    "no screenshot: Parameter 'format' is unexpected",
  ],
  ['writes nothing', () => {}, 'no screenshot: QEMU wrote nothing'],
  [
    'writes half an image',
    () => writeFileSync(join(shop.folder, 'screen.png'), samplePng(720, 400).subarray(0, 90)),
    'no screenshot: QEMU wrote no whole PNG image',
  ],
  [
    'writes without end',
    () => writeFileSync(join(shop.folder, 'screen.png'), samplePng(720, 400, 4 << 20)),
    expect.stringMatching(/^no screenshot: \d+ bytes are more than the 4194304 that are kept$/),
  ],
  ['never answers', () => new Promise(() => {}), 'no screenshot: QEMU took too long for it'],
])('of a QEMU that %s nothing is kept, and why is told', async (_, answer, why) => {
  const ended = await takeScreenshot(async () => answer(), shop.folder);
  expect(ended()).toEqual(why);
  expect(existsSync(join(shop.folder, 'screen.png'))).toBe(false);
});

test('a matrix tells where its screens are', async () => {
  await using rig = await project({ config: `${config}\nmatrix:\n  two: { cpus: [1, 2] }\n` });
  copyFileSync(flatGuest(shop.folder, 'cells', painting(forever), 0x7c00), join(rig.folder, 'disk.img'));
  const { exit, out } = await rig.synos(['boot', '--matrix', 'two']);
  expect(exit).toBe(0);
  expect(out).toContain('2 screens in out/screens');
  expect(rig.has('out/screens/shown+2cpus.png')).toBe(true);
  expect(rig.read('out/report.html').match(/<img src="data:image\/png/g)).toHaveLength(2);
});
