// Whether the exact figures of a stored boot may stand for the other side: then one boot, of any host and any day, says all. Timed figures
// never may: they move with host and hour.
import type { StoredBoot, StoredRun } from '../run.ts';

/**
 * The boots of a stored run that the exact ones of this run can be compared with: the same guest machine, QEMU and kernel command line, made
 * by the same tools. In the place of their host stands this one's, since no count depends on it.
 */
export function comparableBoots(stored: StoredRun, now: StoredRun): StoredRun {
  const alike = now.git !== null && stored.git?.dirty === false && sameTools(stored, now);
  const keys = new Set(now.boots.filter(isExact).map(guestKey));
  const boots = alike ? stored.boots.filter((boot) => isExact(boot) && keys.has(guestKey(boot))) : [];
  return { ...stored, host: now.host, boots };
}

/** Machines of this run's exact boots that have figures, and for which nothing comparable is there. */
export function missingMachines(stored: readonly StoredRun[], now: StoredRun): string[] {
  const found = new Set(stored.flatMap(({ boots }) => boots.map(guestKey)));
  return [
    ...new Set(
      now.boots.filter((boot) => isExact(boot) && !found.has(guestKey(boot))).map(({ machine }) => machine),
    ),
  ];
}

/** A test that failed says nothing against the figures; a boot that went wrong does. */
export function hasFigures({ end, records }: Pick<StoredBoot, 'end' | 'records'>): boolean {
  return (end === 'passed' || end === 'failed') && records.length > 0;
}

const isExact = (boot: StoredBoot): boolean => boot.exact && hasFigures(boot);

/** The whole machine, without where its files lie here. */
function guestKey({ machine, accelerator, qemu }: StoredBoot): string {
  const words = qemu.argv.slice(1).map((word) => word.replace(/(^|[=,"])\/[^,"]*/g, '$1/'));
  return JSON.stringify([machine, accelerator, qemu.version, words]);
}

/** What only one of them names was not asked for its version there. */
function sameTools(stored: StoredRun, now: StoredRun): boolean {
  const versions = new Map(stored.tools.map(({ name, version }) => [name, version]));
  return now.tools.every(({ name, version }) => (versions.get(name) ?? version) === version);
}
