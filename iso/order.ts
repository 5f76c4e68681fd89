// In which order dpkg unpacks and configures: Pre-Depends must be configured before the package that names them is unpacked.
import { control, type DebFacts } from './facts.ts';
import { parseRelations } from './version.ts';

/**
 * What is done with some packages: `preinst` runs these scripts, whereupon the packages' files are there; `unpack` and `configure` are
 * one call of dpkg; `finish` configures all that is left.
 */
export type Step = {
  readonly verb: 'preinst' | 'unpack' | 'configure' | 'finish';
  readonly packages: readonly string[];
};

export type Order = {
  /** Essential packages and all that they need: their files are there before anything runs, as debootstrap does it. */
  readonly base: ReadonlySet<string>;
  /** Packages whose files are there from the start. */
  readonly merged: ReadonlySet<string>;
  /** What is done before the last `--configure` of everything. */
  readonly steps: readonly Step[];
};

/** The same packages give the same order, however they are listed. `before` are configured already, in earlier groups. */
export function orderPackages(all: readonly DebFacts[], before: readonly DebFacts[] = []): Order {
  const graph = new Graph([...before, ...all]);
  const names = all.map((facts) => facts.name).sort();
  const essential = names.filter((name) => control(graph.facts(name), 'Essential') === 'yes');
  const known = new Set(before.map((facts) => facts.name));
  const base = new Set([...graph.closure(essential)].filter((name) => !known.has(name)));
  const hasScript = (name: string): boolean => graph.facts(name).preinst;
  const merged = new Set(names.filter((name) => base.has(name) || !hasScript(name)));
  const walk = new Walk(graph, merged, known);
  const baseNames = [...base].sort();
  // The base's files lie there already when its scripts run that come before files, so that those can run.
  for (const name of baseNames) if (hasScript(name)) walk.arrive(name);
  walk.add('configure', baseNames);
  for (const name of names) if (!merged.has(name)) walk.unpack(name);
  return { base, merged, steps: walk.steps() };
}

class Graph {
  readonly #facts: ReadonlyMap<string, DebFacts>;
  readonly #providers = new Map<string, string[]>();

  constructor(all: readonly DebFacts[]) {
    this.#facts = new Map(all.map((facts) => [facts.name, facts]));
    for (const facts of [...all].sort((a, b) => (a.name < b.name ? -1 : 1)))
      for (const name of [facts.name, ...relationNames(facts, 'Provides')])
        this.#providers.set(name, [...(this.#providers.get(name) ?? []), facts.name]);
  }

  facts(name: string): DebFacts {
    return this.#facts.get(name) as DebFacts;
  }

  /** The packages here that a field of a package names. */
  needs(name: string, field: 'Depends' | 'Pre-Depends'): string[] {
    return relationNames(this.facts(name), field).flatMap((needed) => this.#providers.get(needed) ?? []);
  }

  closure(from: readonly string[]): Set<string> {
    const found = new Set(from);
    for (const name of found)
      for (const needed of [...this.needs(name, 'Pre-Depends'), ...this.needs(name, 'Depends')])
        found.add(needed);
    return found;
  }
}

function relationNames(facts: DebFacts, field: string): string[] {
  return parseRelations(control(facts, field))
    .flat()
    .map((relation) => relation.name);
}

class Walk {
  readonly #graph: Graph;
  readonly #unpacked: Set<string>;
  readonly #configured: Set<string>;
  readonly #steps: { verb: Step['verb']; packages: string[] }[] = [];

  constructor(graph: Graph, unpacked: ReadonlySet<string>, configured: ReadonlySet<string>) {
    this.#graph = graph;
    this.#unpacked = new Set([...unpacked, ...configured]);
    this.#configured = new Set(configured);
  }

  add(verb: Step['verb'], packages: readonly string[]): void {
    if (packages.length === 0) return;
    const last = this.#steps.at(-1);
    if (last?.verb === verb) last.packages.push(...packages);
    else this.#steps.push({ verb, packages: [...packages] });
    for (const name of packages) (verb === 'configure' ? this.#configured : this.#unpacked).add(name);
  }

  /** The files of a package that has a script for before they come. */
  arrive(name: string): void {
    this.add(this.#graph.facts(name).diverts ? 'unpack' : 'preinst', [name]);
  }

  /** Unpacks a package after what it pre-depends on is configured. A circle is cut where it closes, as dpkg is told to force. */
  unpack(name: string): void {
    if (this.#unpacked.has(name)) return;
    this.#unpacked.add(name);
    for (const needed of this.#graph.needs(name, 'Pre-Depends')) this.#configure(needed);
    this.arrive(name);
  }

  #configure(name: string): void {
    if (this.#configured.has(name)) return;
    const all = [...this.#graph.closure([name])].filter((each) => !this.#configured.has(each)).sort();
    for (const each of all) this.unpack(each);
    this.add('configure', all);
  }

  steps(): Step[] {
    return this.#steps;
  }
}
