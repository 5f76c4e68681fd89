// What this machine can boot, for `synos doctor`: QEMU, firmware, and the accelerators that really run a guest.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { find, start } from '../core/exec.ts';
import { askKvm } from './accelerator.ts';
import { type FirmwareFile, firmwareFiles, foundFirmware } from './firmware.ts';
import { askQemu, differencesOf, isTooOld, leastVersion } from './has.ts';
import { runProbe } from './probe/run.ts';
import { qemuName, qemuPackage } from './program.ts';

type BootAbilities = {
  readonly qemu: {
    readonly path: string | null;
    readonly version: string | null;
    readonly package: string;
    /** Older than this it cannot be used. */
    readonly least: string;
    readonly tooOld: boolean;
    /** What is known of this version in what SynOS's machines meet. */
    readonly differences: readonly string[];
    /** Of the boards that a machine can name. */
    readonly boards: readonly { readonly name: string; readonly there: boolean }[];
  };
  readonly firmware: readonly {
    readonly name: string;
    readonly path: string | null;
    readonly package: string;
  }[];
  /** `runs` only where a probe guest ran; `reason` says why not. */
  readonly accelerators: readonly {
    readonly name: 'tcg' | 'kvm';
    readonly runs: boolean;
    readonly reason: string;
  }[];
};

/** Never throws for what is missing; takes about a third of a second. */
export async function bootAbilities(): Promise<BootAbilities> {
  const path = find(qemuName) ?? null;
  return {
    qemu: await qemuAbilities(path),
    firmware: Object.values<FirmwareFile>(firmwareFiles).map((file) => ({
      name: file.name,
      path: foundFirmware(file) ?? null,
      package: file.package,
    })),
    accelerators: await accelerators(path !== null),
  };
}

async function qemuAbilities(path: string | null): Promise<BootAbilities['qemu']> {
  const has = path === null ? undefined : await askQemu(path);
  const version = has?.version ?? '';
  return {
    path,
    version: path === null ? null : version,
    package: qemuPackage,
    least: leastVersion,
    tooOld: isTooOld(version),
    differences: has ? differencesOf(version) : [],
    boards: ['q35', 'pc', 'microvm'].map((name) => ({ name, there: has?.boards.has(name) ?? false })),
  };
}

// Nothing is kept: who asks a doctor wants to know how it is now.
async function accelerators(present: boolean): Promise<BootAbilities['accelerators']> {
  if (!present) {
    const none = { runs: false, reason: 'there is no QEMU' };
    return [
      { name: 'tcg', ...none },
      { name: 'kvm', ...none },
    ];
  }
  const work = mkdtempSync(join(tmpdir(), 'synos-probe-'));
  try {
    const tcg = await runProbe('tcg', 'max', { work, start });
    const kvm = await askKvm('max', { work, shared: work, start });
    return [
      { name: 'tcg', runs: tcg.runs, reason: tcg.reason },
      { name: 'kvm', runs: kvm.runs, reason: kvm.reason },
    ];
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
