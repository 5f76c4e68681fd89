// GRUB's menu: what a machine finds on the image, and how it says which entry it wants.

export type MenuParams = {
  readonly live: boolean;
  /** Volume label of the medium. */
  readonly label: string;
  readonly commandLine: string;
  readonly menuSeconds: number;
};

/**
 * The menu, read from the ISO: first the SynOS kernel, then Linux. A machine names another entry by its id in an SMBIOS OEM string
 * (QEMU: `-smbios type=11,value=live`). A person who holds Shift while a BIOS starts gets the menu, and everybody does with
 * `iso.menuSeconds`. GRUB's hidden menu would look for any key, but waits for 3 s on a serial port with that (2.06).
 */
export function menuText(params: MenuParams): string {
  const lines = [
    // Before the serial terminal is on, because a machine without such a string makes GRUB say so. `set` says nothing.
    // The byte at 4 is the number of OEM strings: with one string, also its index. A text that is no id leaves the first entry.
    'if smbios --type 11 --get-string 4 --set default; then set chosen=1; fi',
    'serial --unit=0 --speed=115200',
    'terminal_input serial console',
    'terminal_output serial console',
    `set timeout=${params.menuSeconds}`,
    'if keystatus --shift; then set timeout=-1; fi',
    "menuentry 'SynOS kernel' --id synos --hotkey=k {",
    `  multiboot2 ${['/boot/synos.elf', params.commandLine].join(' ').trimEnd()}`,
    '}',
  ];
  if (params.live)
    lines.push(
      "menuentry 'Debian live system' --id live --hotkey=l {",
      // The last console is the one that init speaks on.
      // makeImage sets `live` to the id of the live system.
      `  linux /live/vmlinuz synos.id=$live synos.label=${params.label} quiet console=tty0 console=ttyS0,115200`,
      '  initrd /live/initrd.img',
      '}',
    );
  return `${lines.join('\n')}\n`;
}
