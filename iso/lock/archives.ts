// The archives that the options name, each with all that asking it takes: Debian's own two, and the repositories beside them.
import { isAbsolute, join } from 'node:path';
import { SynosError } from '../../core/failure.ts';
import type { IsoOptions } from '../options.ts';

export type ArchiveSource = {
  /** As it stands in the lock. */
  readonly name: string;
  readonly mirrors: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Absolute. */
  readonly keyring: string;
  /** Packages that come from here whatever other archives have. */
  readonly packages: readonly string[];
  /** Of all its packages, as apt's pins; undefined: only packages that were admitted. */
  readonly priority: number | undefined;
};

/** Debian first, the repositories in the order of the options. `tree` is the project's folder, absolute. */
export function archivesOf(options: IsoOptions, tree: string): ArchiveSource[] {
  const { suite, keyring } = options;
  const own = { components: ['main'], keyring, packages: [], priority: 500 };
  const debian = { ...own, name: 'debian', mirrors: options.mirror, suites: [suite, `${suite}-updates`] };
  const security = {
    ...own,
    name: 'security',
    mirrors: options.securityMirror,
    suites: [`${suite}-security`],
  };
  const others = Object.entries(options.repositories).map(([name, repository]) => ({
    name,
    mirrors: repository.mirror,
    suites: repository.suites,
    components: repository.components,
    keyring: isAbsolute(repository.keyring) ? repository.keyring : join(tree, repository.keyring),
    packages: repository.packages,
    priority: repository.priority,
  }));
  return [debian, ...(security.mirrors.length > 0 ? [security] : []), ...others];
}

/** What every system has, and what a name means, Debian alone decides. */
export const isOwn = (archive: string): boolean => archive === 'debian' || archive === 'security';

export const isFlat = (suite: string): boolean => suite.endsWith('/');

/** Below a mirror's URL, where the signed file of a suite lies. */
export const suiteFolder = (suite: string): string =>
  isFlat(suite) ? suite.replace(/^\.\//, '') : `dists/${suite}/`;

/** An index that is not what it must be. */
export function refused(archive: string, reason: string, next?: string): SynosError {
  return new SynosError({ code: 'index.refused', archive, reason, ...(next ? { next } : {}) });
}

/** What is wrong, and which archives another mirror may help. */
export class Refusal extends Error {
  readonly failure: SynosError;
  readonly archives: readonly string[];
  /** False: what was kept of an earlier run is at fault, or may be. */
  readonly ofMirror: boolean;
  constructor(failure: SynosError, archives: readonly string[], ofMirror = true) {
    super('refused');
    this.failure = failure;
    this.archives = archives;
    this.ofMirror = ofMirror;
  }
}
