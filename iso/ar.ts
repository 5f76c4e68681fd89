// The outer frame of a .deb: an ar archive of debian-binary, control.tar and data.tar, in this order (deb(5)).

/** A frame that is damaged, or has what a .deb has not. The message is not yet escaped. */
export class FrameError extends Error {}

export type Compression = 'none' | 'gz' | 'xz' | 'zst' | 'bz2' | 'lzma';

/** One member, not yet decompressed: a view of the bytes that were given. */
export type Packed = { readonly compression: Compression; readonly bytes: Buffer };

const magic = '!<arch>\n';
const headerBytes = 60;
const compressions: { readonly [suffix: string]: Compression } = {
  '': 'none',
  '.gz': 'gz',
  '.xz': 'xz',
  '.zst': 'zst',
  '.bz2': 'bz2',
  '.lzma': 'lzma',
};

/**
 * Stricter than dpkg-deb, which reads on where it finds its third member: a second data.tar, or anything else that is not there for others
 * by its name (`_gpgorigin`), is refused, so that no two readers of one file can see different packages. Throws FrameError.
 */
export function readFrame(bytes: Buffer): { readonly control: Packed; readonly data: Packed } {
  const [version, control, data, ...more] = members(bytes).filter(({ name }) => !name.startsWith('_'));
  if (version?.name !== 'debian-binary' || !/^2\.[0-9]{1,3}\n/.test(version.body.toString('latin1', 0, 8)))
    throw new FrameError('it is no Debian package of format 2');
  if (more[0]) throw new FrameError(`it has a member too many, ${more[0].name}`);
  return { control: packed('control.tar', control), data: packed('data.tar', data) };
}

function packed(stem: string, member: Member | undefined): Packed {
  const suffix = member?.name.startsWith(stem) ? member.name.slice(stem.length) : undefined;
  const compression = suffix === undefined ? undefined : compressions[suffix];
  if (member && compression) return { compression, bytes: member.body };
  throw new FrameError(member ? `${member.name} stands where ${stem} should` : `it has no ${stem}`);
}

type Member = { readonly name: string; readonly body: Buffer };

/** More than any .deb has; signatures are the only extra ones. */
const mostMembers = 16;

function members(bytes: Buffer): Member[] {
  if (bytes.toString('latin1', 0, magic.length) !== magic) throw new FrameError('it is no ar archive');
  const found: Member[] = [];
  let at = magic.length;
  while (at < bytes.length) {
    if (found.length === mostMembers) throw new FrameError(`it has more than ${mostMembers} members`);
    const header = bytes.toString('latin1', at, at + headerBytes);
    if (header.length < headerBytes) throw new FrameError('it ends within a header');
    const size = header.slice(48, 58);
    if (header.slice(58) !== '`\n' || !/^[0-9]{1,10} *$/.test(size))
      throw new FrameError('one of its headers is damaged');
    const start = at + headerBytes;
    const end = start + Number(size);
    if (end > bytes.length) throw new FrameError('it ends within a member');
    found.push({ name: header.slice(0, 16).replace(/\/? *$/, ''), body: bytes.subarray(start, end) });
    at = end + (end % 2);
  }
  return found;
}
