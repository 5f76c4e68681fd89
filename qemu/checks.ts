// Small checks of plain data, put together in params.ts: what zod would do, at a hundredth of its start-up cost.
import { isObject, type Json } from '../core/json.ts';

export type Check = (value: Json | undefined) => boolean;

export const oneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && words.includes(value);
export const whole =
  (least: number, most: number): Check =>
  (value) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
export const text =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value);
export const flag: Check = (value) => typeof value === 'boolean';
export const nullOr =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
export const listOf =
  (check: Check, most: number): Check =>
  (value) =>
    Array.isArray(value) && value.length <= most && value.every((one) => check(one));
export const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
/** These fields and no others; what is not there is for the field's own check to say. */
export const fields =
  (checks: { readonly [key: string]: Check }): Check =>
  (value) =>
    isObject(value) &&
    Object.keys(value).every((key) => Object.hasOwn(checks, key)) &&
    Object.entries(checks).every(([key, check]) => check(Object.hasOwn(value, key) ? value[key] : undefined));
