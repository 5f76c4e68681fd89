// What apt says of packages that do not go together, boiled down: which package of which list, what it wants, what there is.
import type { Finished } from '../../core/exec.ts';
import { SynosError } from '../../core/failure.ts';
import { visibleUpTo } from '../../core/text.ts';
import { complaints } from './apt.ts';
import type { Candidates } from './candidates.ts';

const mostReasons = 8;

/** `why` says of each name that was asked for which list has it. */
export function unsatisfiable(
  done: Finished,
  candidates: Candidates,
  why: ReadonlyMap<string, string>,
): SynosError {
  const reasons = unmet(done.stdout).map(({ name, relation }) => reasonText(name, relation, candidates, why));
  if (reasons.length === 0) reasons.push(...complaints(done));
  const shown = [...new Set(reasons)];
  const more = shown.length - mostReasons;
  if (more > 0) shown.splice(mostReasons, more, `and ${more} more`);
  return new SynosError({ code: 'packages.unsatisfiable', reasons: shown });
}

type Unmet = { readonly name: string; readonly relation: string };

// ` a : Depends: b (>= 2) but 1 is to be installed`, further relations of the same package below it, without its name.
function unmet(text: string): Unmet[] {
  const at = text.indexOf('unmet dependencies:');
  if (at < 0) return [];
  const found: Unmet[] = [];
  for (const line of text.slice(at).split('\n').slice(1)) {
    const parts = /^ (?:([a-z0-9][a-z0-9+.:-]*) :)?\s+((?:Pre)?Depends|Conflicts|Breaks): (.+)$/.exec(line);
    if (!parts) continue;
    const name = parts[1] ?? found.at(-1)?.name;
    if (name) found.push({ name, relation: `${parts[2]} ${parts[3]}` });
  }
  return found;
}

function reasonText(
  name: string,
  relation: string,
  candidates: Candidates,
  why: ReadonlyMap<string, string>,
): string {
  const [verb = '', ...rest] = relation.split(' ');
  const said = rest.join(' ');
  const other = /^[a-z0-9][a-z0-9+.-]*/.exec(said)?.[0] ?? '';
  const subject = `${name}${placeText(name, candidates, why)}`;
  const wish = said.replace(/ but .*/, '');
  if (verb === 'Conflicts' || verb === 'Breaks') {
    const whose = placeText(other, candidates, why) || providersText(name, other, candidates, why);
    return visibleUpTo(`${subject} ${verb === 'Breaks' ? 'breaks' : 'conflicts with'} ${wish}${whose}`, 300);
  }
  return visibleUpTo(`${subject} needs ${wish}, ${presence(other, said, candidates)}`, 300);
}

// A virtual package is in the way through those that were asked for and provide it.
function providersText(
  name: string,
  virtual: string,
  candidates: Candidates,
  why: ReadonlyMap<string, string>,
): string {
  const by = candidates
    .meeting({ name: virtual })
    .filter((row) => row.name !== name && why.has(row.name))
    .map((row) => `${row.name}${placeText(row.name, candidates, why)}`);
  return by.length > 0 ? `, as which ${by.join(' and ')} counts` : '';
}

function presence(name: string, said: string, candidates: Candidates): string {
  const row = candidates.of(name);
  if (!row) return 'which no archive has';
  if (/but it is not going to be installed/.test(said)) return 'which cannot be installed with the others';
  return `and ${row.version} is what ${row.archive} has`;
}

function placeText(name: string, candidates: Candidates, why: ReadonlyMap<string, string>): string {
  const reason = why.get(name);
  const version = candidates.of(name)?.version;
  const list = reason?.startsWith('list:')
    ? reason.replaceAll('list:', 'list ').replaceAll(' list', ', list')
    : reason;
  const words = [list, version].filter(Boolean).join(', ');
  return words ? ` (${words})` : '';
}
