// What the plugin writes when QEMU ends.

export type Dump = {
  /** The root, then each behind its parent. `key`: the function's first address, or where it was entered. */
  readonly nodes: readonly {
    readonly parent: number;
    readonly key: bigint;
    readonly self: number;
    readonly calls: number;
    readonly unnamed: boolean;
  }[];
  /** Calls below the deepest nodes, calls without a node, and threads that were forgotten. */
  readonly deep: number;
  readonly many: number;
  readonly forgotten: number;
};

/** Undefined for one that has no end: QEMU was killed, or the file system was full. */
export function parseDump(text: string): Dump | undefined {
  const end = /\nend (\d+) (\d+) (\d+) (\d+)\n$/.exec(text);
  if (!end || !text.startsWith('synos-profile 1\n')) return undefined;
  const [count = 0, deep = 0, many = 0, forgotten = 0] = end.slice(1).map(Number);
  const nodes: Dump['nodes'][number][] = [];
  for (const [, parent, key, self, calls, unnamed] of text.matchAll(
    /^n (\d+) ([0-9a-f]+) (\d+) (\d+) ([01])$/gm,
  ))
    nodes.push({
      ...{ parent: Number(parent), key: BigInt(`0x${key}`), self: Number(self), calls: Number(calls) },
      unnamed: unnamed === '1',
    });
  return nodes.length === count ? { nodes, deep, many, forgotten } : undefined;
}
