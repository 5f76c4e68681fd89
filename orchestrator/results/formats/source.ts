// The text of a result file; as JSON it is parsed once, for recognising it and for reading it.
import { parseJson } from './json-text.ts';
import { Part } from './part.ts';

export class Source {
  readonly text: string;
  private parsed: { readonly value: unknown } | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** Throws FormatFault. */
  json(): Part {
    this.parsed ??= { value: parseJson(this.text) };
    return new Part(this.parsed.value);
  }
}
