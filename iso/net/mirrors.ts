// What this run has seen of each mirror: one that failed or was slow goes to the end of the list, for all packages.

type Seen = {
  /** When it last failed, in failures since the start; 0: never. */
  failed: number;
  /** Milliseconds since 1970 before which it asked not to be asked again. */
  notBefore: number;
};

export class MirrorMemory {
  readonly #seen = new Map<string, Seen>();
  #failures = 0;

  /** The best first: never failed, in their own order; then the one whose failure lies furthest back. */
  order(mirrors: readonly string[]): string[] {
    const key = (mirror: string): number => this.#seen.get(mirror)?.failed ?? 0;
    return [...mirrors].sort((a, b) => key(a) - key(b));
  }

  failed(mirror: string): void {
    this.#of(mirror).failed = ++this.#failures;
  }

  /** It asked for a pause (Retry-After). */
  pause(mirror: string, ms: number): void {
    this.#of(mirror).notBefore = Date.now() + ms;
  }

  waitMs(mirror: string): number {
    return Math.max(0, (this.#seen.get(mirror)?.notBefore ?? 0) - Date.now());
  }

  /** Whether there is another that never failed: then there is no need for patience with this one. */
  hasBetter(mirrors: readonly string[], than: string): boolean {
    return mirrors.some((mirror) => mirror !== than && (this.#seen.get(mirror)?.failed ?? 0) === 0);
  }

  #of(mirror: string): Seen {
    const known = this.#seen.get(mirror) ?? { failed: 0, notBefore: 0 };
    this.#seen.set(mirror, known);
    return known;
  }
}
