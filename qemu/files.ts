// What QEMU reads and writes, in the folder that it is started in: fixed names, so that nothing that a user chose is part of an option.

export const files = {
  serial: 'serial.raw',
  /** The guest's memory, where it was asked for. */
  memory: 'memory.elf',
  /** The display at the end, where the machine has one. */
  screen: 'screen.png',
  /** A FIFO, and what leads to `serial` where there is input: QEMU wants the two names to differ in these endings only. */
  input: 'port.in',
  output: 'port.out',
  log: 'qemu.log',
  vars: 'vars.fd',
  cmdline: 'cmdline.txt',
  traces: 'traces.cpio',
  /** A link: multiboot takes `-initrd` apart at commas and spaces. */
  initrd: 'initrd.img',
  /** A copy of the firmware image, since firmware keeps its variables in itself. */
  firmware: 'firmware.fd',
  /** A socket, where a debugger finds the machine. */
  gdb: 'gdb.socket',
  /** Made by whoever sits at the console, to end the machine. */
  consoleEnd: 'console.end',
  /** A socket, to which QEMU writes the machine's state. */
  state: 'state.socket',
  /** A copy of a compiled plugin, and the file that one writes which observes the guest. */
  plugin: 'plugin.so',
  observed: 'observed.bin',
  /** What the profiler reads: addresses of functions, and a link to the ELF file. */
  ranges: 'ranges.txt',
  symbols: 'symbols.elf',
  /** QEMU's recording of a run. */
  tape: 'replay.bin',
  /** What was typed at the console of a machine that is recorded. */
  keys: 'keys.bin',
} as const;
