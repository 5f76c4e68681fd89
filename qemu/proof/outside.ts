// What could still reach a guest from outside: interrupts that are not masked, and devices that write its memory. Read from the monitor's
// text; what is not understood counts as something that can.

export type Chips = {
  /** `info pic`: the IO-APICs and the old interrupt controllers. */
  readonly pic: string;
  /** `info pci` and, where there is no PCI, `info qtree`. */
  readonly devices: string;
};

/** Whether no interrupt can come to a CPU that has interrupts on. `lapic` is its own `info lapic`. */
export function isDeaf(lapic: string, chips: Chips): boolean {
  if (chips.pic === '' || lapic === '' || canWriteMemory(chips)) return false;
  if (!picBlocked(chips.pic) || !ioApicBlocked(chips.pic)) return false;
  if (/^SPIV.*APIC disabled/m.test(lapic)) return true;
  return timerBlocked(lapic) && /^LVTPC.* masked/m.test(lapic) && /^IRR\s.*\(none\)/m.test(lapic);
}

function timerBlocked(lapic: string): boolean {
  const timer = /^LVTT\b.*$/m.exec(lapic)?.[0];
  if (timer === undefined) return false;
  if (/ masked/.test(timer)) return true;
  return !/tsc-deadline/.test(timer) && /initial_count = 0\b/.test(lapic);
}

function ioApicBlocked(pic: string): boolean {
  const pins = pic.match(/^ +pin \d.*$/gm) ?? [];
  return pins.every((line) => / masked/.test(line));
}

// Line 2 of the first only leads to the second.
function picBlocked(pic: string): boolean {
  const masks = new Map(
    [...pic.matchAll(/^pic(\d):.*\bimr=([0-9a-f]{2})/gm)].map((found) => [
      found[1],
      parseInt(found[2] ?? '', 16),
    ]),
  );
  const [first, second] = [masks.get('0'), masks.get('1')];
  if (first === undefined) return masks.size === 0;
  return first === 0xff || ((first | 4) === 0xff && second === 0xff);
}

// What every board has, and what does nothing of itself while no drive is in use.
const harmless =
  /^ {4}(?:Host bridge|ISA bridge|SMBus|IDE controller|SATA controller|PCI bridge|Bridge|VGA controller|Class 0[36]\d\d)\b/;

/** Whether a device may write memory, or send an interrupt past the controllers, whenever it likes. Drives are looked at apart. */
export function canWriteMemory({ devices }: Chips): boolean {
  const pci = devices.match(/^ {4}[A-Z][^:\n]*: PCI device/gm) ?? [];
  if (pci.some((line) => !harmless.test(line))) return true;
  return /^\s*dev: virtio-[a-z0-9]+-device/m.test(devices);
}

/** Requests that drives have answered so far, from `query-blockstats`; undefined without a drive. */
export function driveRequests(stats: unknown): number | undefined {
  if (!Array.isArray(stats) || stats.length === 0) return undefined;
  let sum = 0;
  for (const drive of stats as readonly { stats?: { [name: string]: unknown } }[])
    for (const name of ['rd_operations', 'wr_operations', 'flush_operations', 'unmap_operations'])
      sum += Number(drive.stats?.[name] ?? 0);
  return sum;
}
