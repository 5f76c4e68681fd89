// A disk as QEMU's block nodes: the image read-only, a throw-away overlay above it. Pure.
import { blockNode, hostFile } from './argument.ts';

type Disk = {
  /** Absolute real path; undefined: a blank disk. */
  readonly path: string | undefined;
  readonly format: 'raw' | 'qcow2';
  readonly readOnly: boolean;
};

/** Of the overlay, in QEMU's working folder. */
export const overlayFile = (name: string): string => `${name}.qcow2`;

// The base is opened read-only, and what its own header names as a base is not looked at; the overlay's header names none.
export function diskNodes(name: string, { path, format, readOnly }: Disk): string[] {
  const overlay = { 'node-name': name, driver: 'qcow2', file: hostFile(overlayFile(name), false) };
  if (path === undefined) return blockNode({ ...overlay, backing: null });
  const base = {
    'node-name': readOnly ? name : `${name}-base`,
    'read-only': true,
    driver: format,
    file: hostFile(path, true),
    ...(format === 'qcow2' ? { backing: null } : {}),
  };
  return readOnly
    ? blockNode(base)
    : [...blockNode(base), ...blockNode({ ...overlay, backing: `${name}-base` })];
}
