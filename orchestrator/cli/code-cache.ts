// Runs a file of the bundle with the code that V8 compiled when the same command ran before. Node's own compile cache keeps a file as it
// is when it was loaded, without the functions that were compiled when they were called; those are most of what a command compiles.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Script } from 'node:vm';

export type CodeCache = {
  /** What the file exports. The files of the bundle that it asks for are run the same way. */
  run(file: string): unknown;
  /** Keeps what was compiled in this process; to be called when all is done. Never throws: it is only a cache. */
  keep(): void;
};

/** Commands with their options that one installation keeps code for: one file is 0.5 to 1 MB. */
const mostFiles = 40;
const stampBytes = 256;

/** `folder` is made when there is something to keep; `command` names the command, so that each one's file holds what it runs and no more. */
export function codeCache(folder: string, command: string): CodeCache {
  const modules = new Map<string, { exports: unknown }>();
  const fresh: { place: string; stamp: string; script: Script }[] = [];

  const run = (file: string): unknown => {
    const known = modules.get(file);
    if (known) return known.exports;
    const made = { exports: {} };
    modules.set(file, made);
    const place = join(folder, `${basename(file)} ${command}`);
    const stamp = stampOf(file);
    const { script, whole } = compile(file, recall(place, stamp));
    if (!whole && stamp !== undefined) fresh.push({ place, stamp, script });
    const require = (name: string): unknown =>
      name.startsWith('./') ? run(join(dirname(file), name)) : process.getBuiltinModule(name);
    script.runInThisContext().call(made.exports, made.exports, require, made, file, dirname(file));
    return made.exports;
  };

  return {
    run,
    keep() {
      for (const { place, stamp, script } of fresh) {
        const data = script.createCachedData();
        remember(place, Buffer.concat([Buffer.from(stamp.padEnd(stampBytes)), data]));
      }
    },
  };
}

/**
 * The name under which a command line's code is kept: command and options by name, without their values. Undefined for one that no command
 * would take.
 */
export function commandName(words: readonly string[]): string | undefined {
  const end = words.indexOf('--');
  const own = end === -1 ? words : words.slice(0, end);
  const options = own.filter((word) => word.startsWith('-')).map((word) => word.split('=', 1)[0] ?? '');
  const name = [own.find((word) => !word.startsWith('-')) ?? '', ...new Set(options.sort())].join(' ').trim();
  return /^[a-zA-Z -]{0,100}$/.test(name) ? name : undefined;
}

const wrapper = '(function (exports, require, module, __filename, __dirname) { ';

function compile(file: string, cachedData: Buffer | undefined): { script: Script; whole: boolean } {
  const script = new Script(`${wrapper}${readFileSync(file, 'utf8')}\n})`, {
    filename: file,
    columnOffset: -wrapper.length,
    ...(cachedData ? { cachedData } : {}),
  });
  return { script, whole: cachedData !== undefined && script.cachedDataRejected !== true };
}

// V8 looks at its own version, its flags and the length of the source, but not at the bytes: the file must be for this very source, and
// whole. After a power cut it may have its name and length but not its content, so it counts within one boot of the machine only.
function stampOf(file: string): string | undefined {
  try {
    const { size, mtimeNs, ctimeNs, ino } = statSync(file, { bigint: true });
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return [process.version, process.arch, size, mtimeNs, ctimeNs, ino, boot].join(' ');
  } catch {
    return undefined;
  }
}

function recall(place: string, stamp: string | undefined): Buffer | undefined {
  try {
    const data = readFileSync(place);
    const known = data.length > stampBytes && data.toString('latin1', 0, stampBytes).trimEnd() === stamp;
    return known ? data.subarray(stampBytes) : undefined;
  } catch {
    return undefined;
  }
}

// Each step may fail: a folder that cannot be written only costs time.
function remember(place: string, data: Buffer): void {
  const folder = dirname(place);
  const fresh = `${place}.${process.pid}.part`;
  try {
    mkdirSync(folder, { recursive: true });
    if (readdirSync(folder).length >= mostFiles) rmSync(folder, { recursive: true });
    mkdirSync(folder, { recursive: true });
  } catch {
    return;
  }
  try {
    writeFileSync(fresh, data, { mode: 0o600 });
    renameSync(fresh, place);
  } catch {
    rmSync(fresh, { force: true });
  }
}
