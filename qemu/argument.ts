// QEMU's options in the forms that cannot be taken apart at commas by what a user chose.

/** Arguments that are written in the code and nowhere else, so that a space can part them. */
export function words(line: string): string[] {
  return line.split(' ');
}

type Value = string | number | boolean | null | { readonly [key: string]: Value } | readonly Value[];

export function device(properties: {
  readonly driver: string;
  readonly [key: string]: string | number | boolean;
}): string[] {
  return ['-device', JSON.stringify(properties)];
}

export function blockNode(properties: {
  readonly 'node-name': string;
  readonly driver: string;
  readonly [key: string]: Value;
}): string[] {
  return ['-blockdev', JSON.stringify(properties)];
}

export const hostFile = (path: string, readOnly: boolean) => ({
  driver: 'file',
  filename: path,
  'read-only': readOnly,
});

/** The format is always named: QEMU would guess it from the content, and a qcow2 header may name any file of the host as its base. */
export function rawNode(name: string, path: string, readOnly: boolean): string[] {
  return blockNode({
    'node-name': name,
    driver: 'raw',
    'read-only': readOnly,
    file: hostFile(path, readOnly),
  });
}
