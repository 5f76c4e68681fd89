// Kinds of tasks of this wing -> the code that does them, with the programs that it runs. What does the work is imported late.
import { writeFile } from 'node:fs/promises';
import type { Action, ActionContext, Tool } from '../core/action.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { ConfigureParams } from './configure/configure.ts';
import type { Group } from './configure/groups.ts';
import type { Deb, Mirrors } from './fetch.ts';
import type { OciParams } from './formats/oci.ts';
import type { ImageParams } from './image.ts';
import { initVersion } from './initramfs/sources.ts';
import type { InitramfsParams } from './initramfs.ts';
import * as check from './params.ts';
import type { PackParams } from './squashfs/pack-batch.ts';
import type { PayloadParams, RootParams } from './squashfs/tasks.ts';
import { packVersion } from './squashfs/version.ts';

const tools = {
  xz: { name: 'xz', version: ['--version'], package: 'xz-utils' },
  unshare: { name: 'unshare', version: ['--version'], package: 'util-linux' },
  pivotRoot: { name: 'pivot_root', version: ['--version'], package: 'util-linux' },
  mount: { name: 'mount', version: ['--version'], package: 'mount' },
  unsquashfs: { name: 'unsquashfs', version: [], package: 'squashfs-tools' },
  mkimage: { name: 'grub-mkimage', version: ['--version'], package: 'grub-common' },
  mformat: { name: 'mformat', version: ['--version'], package: 'mtools' },
  xorriso: { name: 'xorriso', version: ['--version'], package: 'xorriso' },
  tar: { name: 'tar', version: ['--version'], package: 'tar' },
  gcc: { name: 'gcc', version: ['--version'], package: 'gcc' },
} as const satisfies Record<string, Tool>;

type Packages = { readonly debs: readonly Deb[]; readonly mirrors: Mirrors };

function parsePackages(params: Json): Packages {
  const fields = check.object(params, 'iso.fetch');
  return { debs: check.debs(fields), mirrors: check.mirrors(fields) };
}

const fetchPackages: Action<Packages> = {
  kind: 'iso.fetch',
  version: 1,
  tools: () => [],
  parse: parsePackages,
  async run(params, context) {
    const { fetchAll } = await import('./fetch.ts');
    const total = params.debs.reduce((sum, deb) => sum + deb.size, 0);
    let done = 0;
    let toldAt = 0;
    const onBytes = (count: number): void => {
      done += count;
      const now = performance.now();
      if (now - toldAt < progressMs && done < total) return;
      toldAt = now;
      context.emit({ type: 'task.progress', task: context.task.id, done, total, unit: 'bytes' });
    };
    await fetchAll(params.debs, { ...context, mirrors: params.mirrors, onBytes });
    const lines = params.debs.map((deb) => `${deb.sha256}  ${deb.name}_${deb.version}\n`);
    await writeFile(context.output('list'), lines.join(''));
  },
};

/** Between two words on how far a batch is. */
const progressMs = 100;

const packPackages: Action<PackParams> = {
  kind: 'iso.pack',
  version: 1 + packVersion,
  tools: () => [tools.xz],
  parse(params) {
    return { ...parsePackages(params), level: level(check.object(params, 'iso.pack')) };
  },
  async run(params, context) {
    const { packBatch } = await import('./squashfs/pack-batch.ts');
    await packBatch(params, context);
  },
};

const level = (fields: JsonObject): number => check.integer(fields, 'level', 22);

const payload: Action<PayloadParams> = {
  kind: 'iso.payload',
  version: 1 + packVersion,
  tools: () => [tools.xz],
  parse(params) {
    const fields = check.object(params, 'iso.payload');
    const [group] = check.groups(fields) as [Group];
    const epoch = check.integer(fields, 'epoch', 0xffffffff);
    return { group, epoch, level: level(fields), mirrors: check.mirrors(fields) };
  },
  async run(params, context) {
    const { makePayload } = await import('./squashfs/tasks.ts');
    await makePayload(params, context);
  },
};

const configure: Action<ConfigureParams> = {
  kind: 'iso.configure',
  version: 5,
  tools: () => [tools.unshare, tools.mount, tools.pivotRoot, tools.tar, tools.unsquashfs],
  parse(params) {
    const fields = check.object(params, 'iso.configure');
    return {
      groups: check.groups(fields),
      epoch: check.integer(fields, 'epoch', 0xffffffff),
      sizeMib: check.integer(fields, 'sizeMib', 2 ** 20),
    };
  },
  async run(params, context) {
    const { configureGroup } = await import('./configure/configure.ts');
    await configureGroup(params, context);
  },
};

const root: Action<RootParams> = {
  kind: 'iso.root',
  version: 6 + packVersion,
  tools: () => [tools.xz],
  parse(params) {
    const fields = check.object(params, 'iso.root');
    return {
      groups: check.groups(fields),
      epoch: check.integer(fields, 'epoch', 0xffffffff),
      level: level(fields),
      mirrors: check.mirrors(fields),
      suite: check.text(fields, 'suite', /^[a-z][a-z0-9-]*$/),
      mirror: check.text(fields, 'mirror', /^https?:\/\/[!-~]+$/),
    };
  },
  async run(params, context: ActionContext) {
    const { makeRoot } = await import('./squashfs/tasks.ts');
    await makeRoot(params, context);
  },
};

const initramfs: Action<InitramfsParams> = {
  kind: 'iso.initramfs',
  get version() {
    return 4 + initVersion();
  },
  tools: () => [tools.xz, tools.gcc],
  parse(params) {
    const fields = check.object(params, 'iso.initramfs');
    return { ...parsePackages(params), epoch: check.integer(fields, 'epoch', 0xffffffff) };
  },
  async run(params, context) {
    const { makeInitramfs } = await import('./initramfs.ts');
    await makeInitramfs(params, context);
  },
};

const grubBios: Action<null> = {
  kind: 'iso.grub-bios',
  version: 2,
  tools: () => [tools.mkimage],
  parse: () => null,
  async run(_params, context) {
    const { makeBios } = await import('./grub.ts');
    await makeBios(context);
  },
};

const grubDisk: Action<null> = {
  kind: 'iso.grub-disk',
  version: 1,
  tools: () => [tools.mkimage],
  parse: () => null,
  async run(_params, context) {
    const { makeBiosDisk } = await import('./grub.ts');
    await makeBiosDisk(context);
  },
};

const grubEfi: Action<null> = {
  kind: 'iso.grub-efi',
  version: 3,
  tools: () => [tools.mkimage, tools.mformat],
  parse: () => null,
  async run(_params, context) {
    const { makeEfi } = await import('./grub.ts');
    await makeEfi(context);
  },
};

function parseImage(params: Json, kind: string): ImageParams {
  const fields = check.object(params, kind);
  return {
    epoch: check.integer(fields, 'epoch', 0xffffffff),
    volume: check.text(fields, 'volume', /^[A-Z0-9_]{1,32}$/),
    live: check.flag(fields, 'live'),
    menu: check.text(fields, 'menu', /^[\n -~]*$/),
  };
}

const image: Action<ImageParams> = {
  kind: 'iso.image',
  version: 3,
  tools: () => [tools.xorriso],
  parse: (params) => parseImage(params, 'iso.image'),
  async run(params, context) {
    const { makeImage } = await import('./image.ts');
    await makeImage(params, context);
  },
};

const disk: Action<ImageParams> = {
  kind: 'iso.disk',
  version: 1,
  tools: () => [tools.mformat],
  parse: (params) => parseImage(params, 'iso.disk'),
  async run(params, context) {
    const { makeDisk } = await import('./disk.ts');
    await makeDisk(params, context);
  },
};

const tar: Action<null> = {
  kind: 'iso.tar',
  version: 1,
  tools: () => [tools.unsquashfs],
  parse: () => null,
  async run(_params, context) {
    const { makeTar } = await import('./formats/tar.ts');
    await makeTar(context);
  },
};

const oci: Action<OciParams> = {
  kind: 'iso.oci',
  version: 1,
  tools: () => [tools.unsquashfs],
  parse(params) {
    const fields = check.object(params, 'iso.oci');
    return { epoch: check.integer(fields, 'epoch', 0xffffffff), groups: check.packageGroups(fields) };
  },
  async run(params, context) {
    const { makeOci } = await import('./formats/oci.ts');
    await makeOci(params, context);
  },
};

export const isoActions = [
  fetchPackages,
  packPackages,
  payload,
  configure,
  root,
  initramfs,
  grubBios,
  grubDisk,
  grubEfi,
  image,
  disk,
  tar,
  oci,
] as unknown as readonly Action[]; // each is checked by its own type; what joins them is only that parse() makes run()'s parameters
