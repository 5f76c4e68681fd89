// The list of packages of a configured tree, as its own database has it.
import { stanzas } from '../deb822.ts';
import { type LayerFiles, readLayerFiles } from './layers.ts';
import type { Node } from './tree.ts';
import type { Tree } from './union.ts';

const database = ['var', 'lib', 'dpkg', 'status'];
/** As dpkg-query abbreviates the states that a package can be in here. */
const states: { readonly [status: string]: string } = {
  'install ok installed': 'ii ',
  'install ok unpacked': 'iU ',
  'install ok half-configured': 'iF ',
  'install ok triggers-awaited': 'iW ',
  'install ok triggers-pending': 'it ',
};

/** One line a package: name, version, state; sorted as the database is. */
export async function packageList(tree: Tree, layers: readonly LayerFiles[]): Promise<string> {
  let node: Node | undefined = tree.root;
  for (const part of database) node = node?.kind === 'dir' ? node.children.get(part) : undefined;
  const pieces: Buffer[] = [];
  for (const layer of layers)
    await readLayerFiles(
      layer,
      (file) => file === node,
      (_file, _entry, reader) => reader.body(async (piece) => void pieces.push(Buffer.from(piece))),
    );
  const rows = [...stanzas(Buffer.concat(pieces).toString('utf8'))].map(({ fields }) => {
    const status = fields.get('Status') ?? '';
    return `${fields.get('Package')} ${fields.get('Version')} ${states[status] ?? status}\n`;
  });
  return rows.join('');
}
