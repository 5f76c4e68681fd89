// Package URLs of Debian packages, as scanners look them up.
import { PackageURL } from 'packageurl-js';
import type { InstalledPackage } from './packages.ts';

/**
 * `pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=bookworm&upstream=glibc`. Debian's security tracker speaks of source packages: one
 * with another name or version is named as syft and grype do.
 */
export function debianUrl(row: InstalledPackage, suite: string): string {
  const { name, version, architecture, source, sourceVersion } = row;
  const upstream = source === name && sourceVersion === version ? undefined : upstreamOf(row);
  const qualifiers = { arch: architecture, distro: suite, ...(upstream === undefined ? {} : { upstream }) };
  const url = new PackageURL('deb', 'debian', name, version, qualifiers, undefined).toString();
  // The library leaves it in versions, where a reader of query strings takes it for a space; purl-spec has it escaped everywhere.
  return url.replaceAll('+', '%2B');
}

const upstreamOf = ({ version, source, sourceVersion }: InstalledPackage): string =>
  sourceVersion === version ? source : `${source}@${sourceVersion}`;
