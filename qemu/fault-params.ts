// Faults as a boot task is told of them, checked by hand: fields by kind.
import { isObject } from '../core/json.ts';
import { type Check, fields, flag, nullOr, oneOf, text, whole } from './checks.ts';
import { faultLine, faultTime } from './grammar.ts';

const when = { at: text(faultTime), after: nullOr(text(faultLine)) };
const faultKinds: { readonly [kind: string]: { readonly [field: string]: Check } } = {
  ...Object.fromEntries(
    ['nmi', 'power-button', 'cpu-plug', 'cpu-unplug', 'link-down', 'link-up'].map((kind) => [kind, when]),
  ),
  'memory-limit': { ...when, memoryMib: whole(1, 1_048_576) },
  'clock-jump': { ...when, seconds: whole(1, 60) },
  'disk-error': {
    ...when,
    disk: (value) => value === 'boot' || whole(0, 7)(value),
    operation: oneOf('read', 'write', 'flush'),
    sector: nullOr(whole(0, 2 ** 40)),
    once: flag,
  },
};
/** What one of `faults` may be. */
export const fault: Check = (value) => {
  if (!isObject(value) || typeof value['kind'] !== 'string') return false;
  const { kind } = value;
  const more = Object.hasOwn(faultKinds, kind) ? faultKinds[kind] : undefined;
  return more !== undefined && fields({ kind: oneOf(kind), ...more })(value);
};
