// A value of a document with the path to it, so that whatever is wrong with it can be told with its place.
import type { Quantity } from '../../../core/record.ts';
import { visible } from '../../../core/text.ts';
import { FormatFault, type Path } from './fault.ts';

const longestText = 1024;

export class Part {
  readonly value: unknown;
  readonly path: Path;

  constructor(value: unknown, path: Path = []) {
    this.value = value;
    this.path = path;
  }

  fault(reason: string, next?: string): never {
    throw new FormatFault(reason, { path: this.path, ...(next === undefined ? {} : { next }) });
  }

  isObject(): boolean {
    return typeof this.value === 'object' && this.value !== null && !Array.isArray(this.value);
  }

  /** A part that is not there has the value undefined. */
  at(key: string): Part {
    if (!this.isObject()) this.fault('an object is expected here');
    return new Part((this.value as { [key: string]: unknown })[key], [...this.path, key]);
  }

  entries(): [string, Part][] {
    if (!this.isObject()) this.fault('an object is expected here');
    return Object.keys(this.value as object).map((key) => [key, this.at(key)]);
  }

  items(): Part[] {
    if (!Array.isArray(this.value)) this.fault('a list is expected here');
    return (this.value as unknown[]).map((value, index) => new Part(value, [...this.path, index]));
  }

  /** Escaped. */
  text(): string {
    if (typeof this.value !== 'string') this.fault('a text is expected here');
    return this.bounded(this.value as string);
  }

  /** A name of something: escaped, and not empty. */
  name(): string {
    const name = this.text().trim();
    return name === '' ? this.fault('a name is expected here, and it is empty') : name;
  }

  bounded(text: string): string {
    if (text.length > longestText) this.fault(`a text is longer than ${longestText} characters`);
    return visible(text);
  }

  /** A text that is missing is undefined. */
  maybeText(): string | undefined {
    return this.value === undefined || this.value === null ? undefined : this.text();
  }

  quantity(): Quantity {
    const { value } = this;
    if (typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value))) return value;
    if (value === undefined) this.fault('the figure is missing');
    return this.fault('a finite number is expected here');
  }

  count(otherwise: number): number {
    if (this.value === undefined) return otherwise;
    const value = this.quantity();
    return Number.isSafeInteger(value) && value >= 0 ? Number(value) : this.fault('a count is expected here');
  }
}
