// One name for a series where a format has room for no more: `suite/name/label:value`, as google-benchmark prints its arguments. What
// such a name says is read back; a part with characters that mean something is percent-encoded.
import type { BenchRecord } from '../../../core/record.ts';
import { visible } from '../../../core/text.ts';

export type Named = Pick<BenchRecord, 'suite' | 'name' | 'labels'> & { readonly metric: string | undefined };

const label = /^([A-Za-z_][\w.-]{0,63}):([^:]*)$/;

/** `tool`: the suite of names that have none. */
export function parseName(text: string, tool: string): Named {
  const parts = text.split('/');
  const labels = new Map<string, string>();
  while (parts.length > 1) {
    const [, key, value] = label.exec(parts.at(-1) ?? '') ?? [];
    if (key === undefined || value === undefined || labels.has(key)) break;
    labels.set(key, decoded(value));
    parts.pop();
  }
  const metric = labels.get('metric') || undefined;
  if (metric !== undefined) labels.delete('metric');
  const whole = parts.every((part) => part.trim() !== '') && parts.length > 1;
  const [suite, name] = whole
    ? [decoded(parts[0] ?? ''), decoded(parts.slice(1).join('/'))]
    : [tool, decoded(parts.join('/'))];
  return { suite, name, metric, labels: Object.fromEntries([...labels].reverse()) };
}

/** `metric`: none where the format has a place of its own for it. `fits`: what may stand in a name of this format. */
export function printName({ suite, name, metric, labels }: Named, tool: string, fits: RegExp = /^/): string {
  const tail = Object.entries({ ...labels, ...(metric === undefined ? {} : { metric }) }).sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  const plain = [
    suite === tool ? name : `${suite}/${name}`,
    ...tail.map(([key, value]) => `${key}:${value}`),
  ].join('/');
  if (fits.test(plain) && sameName(parseName(plain, tool), { suite, name, metric, labels })) return plain;
  const head = suite === tool ? [name] : [suite, name];
  return [...head.map(encoded), ...tail.map(([key, value]) => `${key}:${encoded(value)}`)].join('/');
}

function sameName(a: Named, b: Named): boolean {
  const text = ({ suite, name, metric, labels }: Named): string =>
    JSON.stringify([
      suite,
      name,
      metric ?? null,
      Object.entries(labels).sort(([x], [y]) => (x < y ? -1 : 1)),
    ]);
  return text(a) === text(b);
}

// A lone surrogate has no encoding.
function encoded(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^A-Za-z0-9._+-]/gu, (one) =>
      [...Buffer.from(one)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
    );
}

function decoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return visible(decodeURIComponent(text));
  } catch {
    return text;
  }
}
