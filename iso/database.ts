// dpkg's database for packages whose files were merged without dpkg, as dpkg itself would have written it after `--unpack`.
//
// Formats: deb-triggers(5), dpkg's lib/dpkg/{dump,fields,trigdeferred}.c of 1.21; compared with a system that dpkg unpacked alone.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatStanza } from './deb822.ts';
import type { DebFacts } from './facts.ts';

/** Fields of a control file that dpkg does not keep in its status, because they say how to unpack only. */
const notKept = new Set(['Status', 'Conffiles']);

/**
 * Writes `status`, `info/` and `triggers/` into a folder that then becomes /var/lib/dpkg, or is added to it: files of the same name are
 * appended. `dropped` are tar members. `before` are packages that are configured already: their triggers on paths fire.
 */
export async function writeDatabase(
  folder: string,
  merged: readonly DebFacts[],
  dropped: ReadonlySet<string>,
  before: readonly DebFacts[] = [],
): Promise<void> {
  const info = join(folder, 'info');
  await mkdir(info, { recursive: true });
  await mkdir(join(folder, 'triggers'));
  await mkdir(join(folder, 'updates'));
  await writeFile(join(info, 'format'), '1\n');
  await writeFile(join(folder, 'status'), merged.map((facts) => `${statusStanza(facts)}\n`).join(''));
  for (const facts of merged) {
    await writeFile(join(info, `${facts.infoName}.list`), listText(facts, dropped));
    if (facts.md5sums !== null) await writeFile(join(info, `${facts.infoName}.md5sums`), facts.md5sums);
  }
  // Who lost a file to a package here does not list it any more.
  const losers = new Set([...dropped].map((member) => member.slice(0, member.indexOf('/'))));
  for (const facts of before)
    if (losers.has(facts.name))
      await writeFile(join(info, `${facts.infoName}.list`), listText(facts, dropped));
  const interests = collectInterests(merged);
  await writeFile(join(folder, 'triggers/File'), interests.files.map((line) => `${line}\n`).join(''));
  for (const [name, lines] of interests.named)
    await writeFile(join(folder, 'triggers', name), lines.map((line) => `${line}\n`).join(''));
  const fired = firedTriggers(merged, before);
  if (fired.length > 0)
    await writeFile(join(folder, 'triggers/Unincorp'), fired.map((path) => `${path} -\n`).join(''));
}

// As dpkg activates them at unpacking: a path fires when a package ships it or something below it. Nobody waits.
function firedTriggers(merged: readonly DebFacts[], before: readonly DebFacts[]): string[] {
  const paths = new Set(collectInterests(before).files.map((line) => line.split(' ')[0] as string));
  if (paths.size === 0) return [];
  const fired = new Set<string>();
  for (const { entries } of merged)
    for (const { shipped } of entries)
      for (let path = `/${shipped}`; path !== ''; path = path.slice(0, path.lastIndexOf('/')))
        if (paths.has(path)) fired.add(path);
  return [...fired].sort();
}

function statusStanza(facts: DebFacts): string {
  const fields = facts.control.filter(([name]) => !notKept.has(name));
  const conffiles = facts.conffiles.map(([path, md5]) => `\n ${path} ${md5}`).join('');
  const [first, ...rest] = fields;
  return formatStanza([
    ...(first ? [first] : []),
    ['Status', 'install ok unpacked'],
    ...rest,
    ...(conffiles ? ([['Conffiles', conffiles]] as const) : []),
  ]);
}

// dpkg lists the root as `/.`, and each path as the package has it, /bin and all.
function listText(facts: DebFacts, dropped: ReadonlySet<string>): string {
  return facts.entries
    .filter((entry) => !dropped.has(`${facts.name}/${entry.place}`))
    .map((entry) => (entry.shipped === '' ? '/.\n' : `/${entry.shipped}\n`))
    .join('');
}

type Interests = {
  readonly files: readonly string[];
  readonly named: ReadonlyMap<string, readonly string[]>;
};

// `interest` on a path goes into triggers/File, on a name into a file of that name.
function collectInterests(merged: readonly DebFacts[]): Interests {
  const files: string[] = [];
  const named = new Map<string, string[]>();
  for (const facts of merged)
    for (const { trigger, noAwait } of interestsOf(facts)) {
      const owner = `${facts.infoName}${noAwait ? '/noawait' : ''}`;
      if (trigger.startsWith('/')) files.push(`${trigger} ${owner}`);
      else named.set(trigger, [...(named.get(trigger) ?? []), owner]);
    }
  return { files, named };
}

function interestsOf(facts: DebFacts): { trigger: string; noAwait: boolean }[] {
  const interests: { trigger: string; noAwait: boolean }[] = [];
  for (const line of facts.triggers.split('\n')) {
    const [verb = '', trigger = ''] = line.replace(/#.*$/, '').trim().split(/\s+/);
    if (!/^interest(?:-await|-noawait)?$/.test(verb) || !/^[A-Za-z0-9/][A-Za-z0-9/._+:-]*$/.test(trigger))
      continue;
    if (!trigger.startsWith('/') && trigger.includes('/')) continue;
    interests.push({ trigger, noAwait: verb === 'interest-noawait' });
  }
  return interests;
}
