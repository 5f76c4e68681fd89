// The shell script that puts groups and layers together: files in, archive out.
import { shellFunctions } from './namespace.ts';

/**
 * Arguments: work folder, size in MiB, epoch, output for the root, output for the kernel, output for the package list. The work folder
 * holds what root.ts wrote.
 */
export const rootScript = `${shellFunctions}
work=$1 size=$2 epoch=$3 out_root=$4 out_kernel=$5 out_packages=$6
root=$work/root
new_root "$size" "$root"
restore='--numeric-owner --same-owner --preserve-permissions'

# Links first: every path below was checked against them.
for link in bin sbin lib lib32 lib64 libx32; do
  mkdir -p "$root/usr/$link"
  ln -s "usr/$link" "$root/$link"
done
tar --extract --file "$work/folders.tar" --directory "$root" $restore
for files in "$work"/in/files-*; do
  tar --extract --file "$files" --directory "$root" $restore \\
    --anchored --no-wildcards --exclude-from "$work/exclude" --transform 's,^[^/]*/,,S' --keep-old-files
done
for layer in "$work"/in/layer-*; do
  (cd "$root" && xargs -0 --no-run-if-empty rm -rf -- <"$work/gone-\${layer##*-}")
  tar --extract --file "$layer" --directory "$root" $restore --exclude '.wh.*' --xattrs --xattrs-include='*'
done

cp -R --no-preserve=ownership "$work/over/." "$root/"
for kernel in "$root"/boot/vmlinuz-*; do cp "$kernel" "$out_kernel"; done
dpkg-query --admindir "$root/var/lib/dpkg" --show --showformat '\${Package} \${Version} \${db:Status-Abbrev}\\n' >"$out_packages"
# A squashfs holds capabilities and user attributes, no ACLs; those that systemd sets in /var/log it sets again at boot.
tar --create --file "$out_root" --directory "$root" --sort=name --numeric-owner --format=posix --one-file-system \\
  --xattrs --xattrs-include='*' --xattrs-exclude='system.*' --pax-option='exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime' \\
  --mtime="@$epoch" --clamp-mtime .
`;
