// Which kernel modules are needed to reach the medium and to mount what is on it, and in which order they go in.
import { type ModuleInfo, moduleName } from './modinfo.ts';

/** Folders whose modules can hold a medium or lead to one, below lib/modules/VERSION/kernel. */
const folders = /\/kernel\/drivers\/(?:ata|usb\/host|usb\/storage|mmc\/core|mmc\/host|hv)\/[^/]+$/;

/** Modules by name: file systems, disks that lie elsewhere, and the keyboards with which somebody answers. */
const named = new Set([
  ...['isofs', 'squashfs', 'overlay', 'loop', 'sr_mod', 'sd_mod', 'nvme', 'vmd', 'mmc_block'],
  ...['virtio_pci', 'virtio_mmio', 'virtio_blk', 'virtio_scsi', 'xen_blkfront', 'hv_storvsc'],
  ...[
    'vmw_pvscsi',
    'mptspi',
    'mptsas',
    'mpt3sas',
    'megaraid_sas',
    'hid_generic',
    'usbhid',
    'hid_hyperv',
    'hyperv_keyboard',
  ],
]);

/** Without these, as modules or in the kernel, no live system starts. */
export const essential: readonly string[] = ['isofs', 'squashfs', 'overlay', 'loop'];

export function isWanted(path: string): boolean {
  return folders.test(path) || named.has(moduleName(path));
}

/** Whether it is of use: one that no device asks for and nobody names would only lie there. */
function isUsed(name: string, info: ModuleInfo): boolean {
  return named.has(name) || info.aliases.some((alias) => alias.includes(':'));
}

/**
 * The names of those that are packed, and the table that init reads (iso/initramfs/modules.c): a line for each module with all that it
 * needs, the first to load first; and a line for each pattern of devices. `builtin` are part of the kernel and need nothing.
 */
export function moduleTable(
  modules: ReadonlyMap<string, ModuleInfo>,
  roots: readonly string[],
  builtin: ReadonlySet<string>,
): { names: string[]; table: string } {
  const used = roots.filter((name) => isUsed(name, modules.get(name) as ModuleInfo));
  const names = [...new Set(used.flatMap((name) => orderOf(name, modules, builtin)))].sort();
  const lines = names.map((name) => {
    const needed = orderOf(name, modules, builtin).slice(0, -1);
    return `m ${[name, ...needed].join(' ')}\n`;
  });
  const patterns = names.flatMap((name) =>
    [...new Set((modules.get(name) as ModuleInfo).aliases)]
      .filter((alias) => alias.includes(':'))
      .sort()
      .map((alias) => `a ${name} ${alias}\n`),
  );
  return { names, table: [...lines, ...patterns].join('') };
}

/** A module behind all that it needs; one that needs itself in a circle stands once. */
function orderOf(
  name: string,
  modules: ReadonlyMap<string, ModuleInfo>,
  builtin: ReadonlySet<string>,
): string[] {
  const order: string[] = [];
  const begun = new Set<string>();
  const visit = (each: string): void => {
    const info = modules.get(each);
    if (begun.has(each) || builtin.has(each) || !info) return;
    begun.add(each);
    for (const needed of info.needs) visit(needed);
    order.push(each);
  };
  visit(name);
  return order;
}
