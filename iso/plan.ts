// What is done to make an image, as data: lock -> fetch and pack by batches -> a payload and a layer a group -> root, beside it boot files -> ISO.
import type { JsonObject } from '../core/json.ts';
import { type Input, type Task, type TaskOutput, taskId } from '../core/task.ts';
import { makeBatches, mirrorsOf } from './batch.ts';
import { type RootForms, rootForms } from './formats/plan.ts';
import type { Lock, LockedPackage } from './lock.ts';
import { bootTask, from, imageTask, minute } from './medium.ts';
import type { IsoOptions } from './options.ts';
import { compareVersions } from './version.ts';

export { type Lock, type LockedPackage, readLock } from './lock.ts';

export type IsoPlan = {
  readonly tasks: Task[];
  /** The ISO. */
  readonly image: TaskOutput;
  /** The same as a disk. */
  readonly disk: TaskOutput;
  /** The live system's root file system alone; undefined where there is no live system. */
  readonly root: RootForms | undefined;
};

/**
 * The tasks that make an ISO of a kernel's ELF and the locked packages. The kernel joins at the last one, so that a new kernel costs
 * no more than putting the ISO together. Without a Linux among the packages there is no live system, and nothing of the packages is
 * built.
 */
export function isoPlan(options: IsoOptions, lock: Lock, kernel: TaskOutput): IsoPlan {
  const epoch = options.timestamp === 'lock' ? lock.epoch : options.timestamp;
  const boot = [bootTask('bios'), bootTask('disk'), bootTask('efi')];
  const linux = kernelOf(lock);
  const live = linux.length > 0 ? liveTasks(options, lock, linux, epoch) : [];
  const image = imageTask('image', options, epoch, kernel, live.length > 0);
  const disk = imageTask('disk', options, epoch, kernel, live.length > 0);
  const root = live.length > 0 ? rootForms(lock, epoch) : undefined;
  return {
    tasks: [...live, ...boot, image, disk, ...(root?.tasks ?? [])],
    image: { task: image.id, output: 'iso' },
    disk: { task: disk.id, output: 'disk' },
    root: root?.outputs,
  };
}

/** The packages of the newest kernel; linux-image-cloud-amd64 and the like only name one. */
function kernelOf({ packages }: Lock): LockedPackage[] {
  const images = packages.filter((row) => /^linux-image-\d/.test(row.name));
  const [newest] = images.toSorted((a, b) => compareVersions(b.name, a.name));
  if (!newest) return [];
  const release = newest.name.slice('linux-image-'.length);
  const parts = ['linux-modules-', 'linux-binary-'].map((start) => start + release);
  return [newest, ...packages.filter((row) => parts.includes(row.name))];
}

function liveTasks(options: IsoOptions, lock: Lock, kernel: readonly LockedPackage[], epoch: number): Task[] {
  const groups = groupBatches(lock);
  const batches = groups.flatMap(({ name, batches }) =>
    batches.map((rows, n) => ({ id: `${name}:${n}`, rows })),
  );
  const holders = batches.filter(({ rows }) => rows.some((row) => kernel.includes(row)));
  const assembly = (rows: readonly LockedPackage[]): AssemblyParams => ({
    epoch,
    level: options.compression,
    mirrors: mirrorsOf(rows, options),
  });
  const configure = groups.map((_, g) => configureTask(groups.slice(0, g + 1), epoch));
  return [
    ...batches.map(({ id, rows }) => fetchTask(rows, id, mirrorsOf(rows, options))),
    ...batches.map(({ id, rows }) => packTask(rows, id, mirrorsOf(rows, options), options.compression)),
    ...groups.map((group) => payloadTask(group, assembly(group.batches.flat()))),
    ...configure,
    rootTask(groups, assembly(lock.packages), options, lock),
    initramfsTask(
      kernel,
      holders.map(({ id }) => id),
      epoch,
      mirrorsOf(kernel, options),
    ),
  ];
}

type GroupBatches = { readonly name: string; readonly batches: readonly (readonly LockedPackage[])[] };

function groupBatches(lock: Lock): GroupBatches[] {
  return lock.groups.flatMap((name) => {
    const rows = lock.packages.filter((row) => row.group === name);
    return rows.length === 0 ? [] : [{ name, batches: makeBatches(rows) }];
  });
}

/** Memory for a root: what the packages say, half as much again for what their scripts make, and room for dpkg. */
function rootMib(rows: readonly LockedPackage[]): number {
  const kib = rows.reduce((sum, row) => sum + row.installedKib, 0);
  return Math.ceil((kib * 1.5) / 1024) + 512;
}

const bytesOf = (rows: readonly LockedPackage[]): number => rows.reduce((sum, row) => sum + row.size, 0);
const mebibytes = (rows: readonly LockedPackage[]): string => `${Math.round(bytesOf(rows) / 2 ** 20)} MiB`;

function debRows(rows: readonly LockedPackage[]): JsonObject[] {
  return rows.map(({ name, version, archive, sha256, size, path }) => ({
    name,
    version,
    archive,
    sha256,
    size,
    path,
  }));
}

function fetchTask(rows: readonly LockedPackage[], batch: string, mirrors: JsonObject): Task {
  return {
    id: taskId(`iso:fetch:${batch}`),
    kind: 'iso.fetch',
    params: { debs: debRows(rows), mirrors },
    inputs: {},
    outputs: ['list'],
    demand: { cpus: 0, memoryMib: 16, io: 0 }, // all at once: their connections are counted together, and the bytes to come are known
    limitMs: 30 * minute,
    estimateMs: Math.ceil(bytesOf(rows) / 50_000),
    cacheable: true,
    title: `fetch ${rows.length} packages (${mebibytes(rows)})`,
  };
}

function packTask(rows: readonly LockedPackage[], batch: string, mirrors: JsonObject, level: number): Task {
  return {
    id: taskId(`iso:pack:${batch}`),
    kind: 'iso.pack',
    params: { debs: debRows(rows), mirrors, level },
    inputs: { list: from(`iso:fetch:${batch}`, 'list') },
    outputs: ['packs', 'debs', 'facts'],
    demand: { cpus: 1, memoryMib: 256, io: 0 },
    limitMs: 60 * minute,
    estimateMs: Math.ceil(bytesOf(rows) / 6000) + 10 * rows.length,
    cacheable: true,
    title: `pack ${rows.length} packages`,
  };
}

/** What an image is put together with; mirrors for a pack that must be made anew. */
type AssemblyParams = { readonly epoch: number; readonly level: number; readonly mirrors: JsonObject };

/** The files of one group as they are shipped, for it and later ones to be configured on. */
function payloadTask(group: GroupBatches, assembly: AssemblyParams): Task {
  return {
    id: taskId(`iso:payload:${group.name}`),
    kind: 'iso.payload',
    params: { groups: groupRows([group]), ...assembly },
    inputs: Object.fromEntries(batchInputs([group], ['packs'])),
    outputs: ['squashfs'],
    demand: { cpus: 1, memoryMib: 256, io: 1 },
    limitMs: 10 * minute,
    estimateMs: 200 + Math.ceil(bytesOf(group.batches.flat()) / 200_000),
    cacheable: true,
    title: `lay out ${group.batches.flat().length} packages (${group.name})`,
  };
}

const batchInputs = (groups: readonly GroupBatches[], names: readonly string[]): [string, Input][] =>
  groups.flatMap((group) =>
    group.batches.flatMap((_, n) =>
      names.map((name): [string, Input] => [
        `${name}:${group.name}:${n}`,
        from(`iso:pack:${group.name}:${n}`, name),
      ]),
    ),
  );
const layerInputs = (groups: readonly GroupBatches[]): [string, Input][] =>
  groups.map(({ name }) => [`layer:${name}`, from(`iso:configure:${name}`, 'layer')]);
const groupRows = (groups: readonly GroupBatches[]): JsonObject[] =>
  groups.map(({ name, batches }) => ({ name, batches: batches.length }));

/** Configures the last of these groups. */
function configureTask(groups: readonly GroupBatches[], epoch: number): Task {
  const here = groups.at(-1) as GroupBatches;
  const sizeMib = rootMib(groups.flatMap((group) => group.batches.flat()));
  return {
    id: taskId(`iso:configure:${here.name}`),
    kind: 'iso.configure',
    params: { groups: groupRows(groups), epoch, sizeMib },
    inputs: Object.fromEntries([
      ...batchInputs(groups, ['facts']),
      ...batchInputs([here], ['debs']),
      ...groups.map(({ name }) => [`payload:${name}`, from(`iso:payload:${name}`, 'squashfs')] as const),
      ...layerInputs(groups.slice(0, -1)),
    ]),
    outputs: ['layer'],
    demand: { cpus: 1, memoryMib: sizeMib, io: 1 },
    limitMs: 30 * minute,
    estimateMs: 1000 + 100 * here.batches.flat().length,
    cacheable: true,
    title: `configure ${here.batches.flat().length} packages (${here.name})`,
  };
}

function rootTask(
  groups: readonly GroupBatches[],
  assembly: AssemblyParams,
  options: IsoOptions,
  lock: Lock,
): Task {
  return {
    id: taskId('iso:root'),
    kind: 'iso.root',
    params: { groups: groupRows(groups), ...assembly, suite: options.suite, mirror: lock.mirror },
    inputs: Object.fromEntries([...batchInputs(groups, ['packs']), ...layerInputs(groups)]),
    outputs: ['squashfs', 'manifest', 'packages'],
    demand: { cpus: 1, memoryMib: 256, io: 1 },
    limitMs: 30 * minute,
    estimateMs: 500 + Math.ceil(bytesOf(lock.packages) / 100_000),
    cacheable: true,
    title: 'put the root together',
  };
}

function initramfsTask(
  kernel: readonly LockedPackage[],
  batches: readonly string[],
  epoch: number,
  mirrors: JsonObject,
): Task {
  return {
    id: taskId('iso:initramfs'),
    kind: 'iso.initramfs',
    params: { epoch, debs: debRows(kernel), mirrors },
    inputs: Object.fromEntries(batches.map((n) => [`list:${n}`, from(`iso:fetch:${n}`, 'list')])),
    outputs: ['initrd', 'linux'],
    demand: { cpus: 1, memoryMib: 256, io: 0 },
    limitMs: 10 * minute,
    cacheable: true,
    title: 'make the initramfs',
  };
}
