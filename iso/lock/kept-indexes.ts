// Indexes of earlier runs, kept so that only what changed is asked for again. apt is handed links to them; whoever uses one hashes it.
import { link, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const forgottenAfterMs = 30 * 86_400_000;

/** Puts what is kept where apt looks for what it has. */
export async function seedLists(shared: string, lists: string): Promise<void> {
  const folder = join(shared, 'indexes');
  for (const name of await names(folder)) await link(join(folder, name), join(lists, name)).catch(() => {});
}

/** Keeps what apt has now. Names say the URL, so that what other configurations use stays; it goes when nothing used it for a month. */
export async function keepLists(shared: string, lists: string): Promise<void> {
  const folder = join(shared, 'indexes');
  await mkdir(folder, { recursive: true });
  const now = (await names(lists)).filter((name) =>
    /_(?:InRelease|Release|Release\.gpg|Packages)$/.test(name),
  );
  for (const name of now) {
    const part = join(folder, `.${name}.${process.pid}.part`);
    await rm(part, { force: true });
    await link(join(lists, name), part);
    await rename(part, join(folder, name));
    // A rename onto a link to the same file does nothing, and leaves both names.
    await rm(part, { force: true });
  }
  for (const name of (await readdir(folder)).filter((each) => !now.includes(each)))
    await forget(join(folder, name));
}

async function names(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.')).map((entry) => entry.name);
}

async function forget(path: string): Promise<void> {
  const used = await stat(path).then(
    (found) => found.ctimeMs,
    () => Date.now(),
  );
  if (Date.now() - used > forgottenAfterMs) await rm(path, { force: true });
}
