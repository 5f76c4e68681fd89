// The schema's complaints in the user's terms: path, place, what was expected, the nearest known key.
import type { z } from 'zod';
import type { ConfigIssue } from '../../core/failure.ts';
import { nearest } from '../../core/near.ts';
import { visibleUpTo } from '../../core/text.ts';
import { keysAt, type SchemaNode } from './overrides.ts';
import type { Place } from './yaml-source.ts';

export type Origin = { source: ConfigIssue['source']; place: Place };

const nowhere: Place = { line: 0, column: 0 };

/** One issue a fault; an unknown key is one fault each, at the key itself. */
export function issuesOf(
  error: z.ZodError,
  schema: SchemaNode,
  origin: (path: readonly PropertyKey[]) => Origin,
): ConfigIssue[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownKey([...issue.path, key], keysAt(schema, issue.path), origin));
    }
    const { source, place } = origin(issue.path);
    const path = issue.path.map(String).join('.') || '(whole file)';
    return [
      {
        path: visibleUpTo(path, 120),
        message: visibleUpTo(issue.message, 300),
        ...(source === 'file' ? place : nowhere),
        source,
      },
    ];
  });
}

function unknownKey(
  path: readonly PropertyKey[],
  known: readonly string[],
  origin: (path: readonly PropertyKey[]) => Origin,
): ConfigIssue {
  const { source, place } = origin(path);
  const near = nearest(String(path.at(-1)), known, 1)[0];
  return {
    path: visibleUpTo(path.map(String).join('.'), 120),
    message: 'unknown key',
    ...(source === 'file' ? place : nowhere),
    source,
    suggestion: near ? `did you mean ${near}?` : `known here: ${known.slice(0, 12).join(', ') || 'none'}`,
  };
}
