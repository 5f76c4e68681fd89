// What QEMU reads and writes, in the folder that it is started in: fixed names, so that nothing that a user chose is part of an option.

export const files = {
  serial: 'serial.raw',
  /** The guest's memory, where it was asked for. */
  memory: 'memory.elf',
  log: 'qemu.log',
  vars: 'vars.fd',
  cmdline: 'cmdline.txt',
  traces: 'traces.cpio',
  /** A link: multiboot takes `-initrd` apart at commas and spaces. */
  initrd: 'initrd.img',
  /** A copy of the firmware image, since firmware keeps its variables in itself. */
  firmware: 'firmware.fd',
  /** What the guest writes to its disk; the disk itself stays as it is. */
  overlay: 'disk.qcow2',
} as const;
