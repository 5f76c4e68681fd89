// Makes the live system's initramfs with the root's own tools, once, beside the compression of the root.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ActionContext } from '../core/action.ts';
import { privateShell, shellFunctions } from './namespace.ts';

export type InitramfsParams = { readonly epoch: number; readonly sizeMib: number };

// Arguments: work folder, size in MiB, root archive, output.
const outerScript = `${shellFunctions}
root=$1/root
new_root "$2" "$root"
tar --extract --file "$3" --directory "$root" --numeric-owner --same-owner --preserve-permissions
cp "$1/inner" "$root/.synos"
enter "$root" /.synos
cp "$root/.initrd" "$4"
`;

const innerScript = (epoch: number): string => `set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 LC_ALL=C.UTF-8 TZ=UTC TERM=dumb
export SOURCE_DATE_EPOCH=${epoch}
# Only what can hold the medium: firmware reads every byte of this through its slowest path, a BIOS from a CD at 2 MB/s under TCG.
printf 'MODULES=list\\nCOMPRESS=zstd\\nCOMPRESSLEVEL=6\\n' >/etc/initramfs-tools/conf.d/synos
cat >/etc/initramfs-tools/hooks/synos <<'END'
#!/bin/sh
[ "$1" = prereqs ] && exit 0
. /usr/share/initramfs-tools/hook-functions
copy_modules_dir kernel/drivers/ata
copy_modules_dir kernel/drivers/nvme/host
copy_modules_dir kernel/drivers/usb/host
copy_modules_dir kernel/drivers/usb/storage
copy_modules_dir kernel/drivers/mmc
copy_modules_dir kernel/drivers/hv
manual_add_modules isofs sr_mod sd_mod overlay squashfs loop usbhid hid_generic
manual_add_modules virtio_pci virtio_mmio virtio_blk virtio_scsi xen_blkfront hv_storvsc vmw_pvscsi mptspi mptsas
END
chmod 755 /etc/initramfs-tools/hooks/synos
set -- /lib/modules/*
mkinitramfs -o /.initrd "\${1##*/}"
`;

/** Writes `initrd`. Throws SynosError task.exit with what mkinitramfs said. */
export async function makeInitramfs(params: InitramfsParams, context: ActionContext): Promise<void> {
  const outer = join(context.work, 'outer');
  await writeFile(outer, outerScript);
  await writeFile(join(context.work, 'inner'), innerScript(params.epoch));
  await context.exec({
    argv: privateShell(
      outer,
      context.work,
      String(params.sizeMib),
      context.input('root'),
      context.output('initrd'),
    ),
  });
}
