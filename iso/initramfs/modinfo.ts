// What a kernel module says of itself: the texts of the section .modinfo of its ELF file.

/** A file that is no module. The message is safe to show. */
export class ModuleError extends Error {}

export type ModuleInfo = {
  /** Names of modules that must be there before it, by symbol or by `softdep: pre`. */
  readonly needs: readonly string[];
  /** Patterns of devices that it drives, as the kernel spells them in `modalias`. */
  readonly aliases: readonly string[];
};

const headerBytes = 64;
const sectionBytes = 64;

/** Throws ModuleError. Only ELF64 of x86-64 is read (System V ABI, gABI chapter 4). */
export function moduleInfo(file: Buffer): ModuleInfo {
  const needs: string[] = [];
  const aliases: string[] = [];
  for (const text of infoTexts(file)) {
    const [key, value] = [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)];
    if (key === 'depends') needs.push(...value.split(',').filter(Boolean).map(checkedName));
    if (key === 'softdep')
      needs.push(
        ...(/\bpre:((?: +[^ :]+(?!\S))+)/.exec(value)?.[1] ?? '').split(' ').filter(Boolean).map(checkedName),
      );
    if (key === 'alias') aliases.push(checkedAlias(value));
  }
  return { needs, aliases };
}

/** The kernel's name of a module: files may have a dash where it has an underscore. */
export function moduleName(file: string): string {
  return checkedName(file.replace(/^.*\//, '').replace(/\.ko(?:\.(?:xz|zst|gz))?$/, ''));
}

function checkedName(name: string): string {
  if (/^[A-Za-z0-9_-]{1,55}$/.test(name)) return name.replaceAll('-', '_');
  throw new ModuleError(`a module named ${JSON.stringify(name)}`);
}

// init reads them line by line, with blanks between words.
function checkedAlias(alias: string): string {
  if (/^[!-~]{1,250}$/.test(alias) || alias.includes(' ')) return alias.includes(' ') ? '' : alias;
  throw new ModuleError(`an alias ${JSON.stringify(alias)}`);
}

function infoTexts(file: Buffer): string[] {
  if (
    file.length < headerBytes ||
    file.toString('latin1', 0, 6) !== '\x7fELF\x02\x01' ||
    file.readUInt16LE(18) !== 62
  )
    throw new ModuleError('not an ELF file for x86-64');
  const sections = file.readBigUInt64LE(40);
  const count = file.readUInt16LE(60);
  if (sections + BigInt(count * sectionBytes) > BigInt(file.length))
    throw new ModuleError('sections beyond its end');
  const header = (index: number): { name: number; at: number; size: number } => {
    const from = Number(sections) + index * sectionBytes;
    if (index >= count) throw new ModuleError('a section that is not there');
    const [at, size] = [file.readBigUInt64LE(from + 24), file.readBigUInt64LE(from + 32)];
    return { name: file.readUInt32LE(from), at: Number(at), size: Number(size) };
  };
  const names = header(file.readUInt16LE(62));
  for (let i = 0; i < count; i++) {
    const { name, at, size } = header(i);
    const start = names.at + name;
    if (file.toString('latin1', start, start + 9) !== '.modinfo\0') continue;
    if (at + size > file.length) throw new ModuleError('a section beyond its end');
    return file
      .toString('latin1', at, at + size)
      .split('\0')
      .filter(Boolean);
  }
  throw new ModuleError('no section .modinfo');
}
