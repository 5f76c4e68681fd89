import { describe, expect, it } from 'vitest';
import { failureText } from './words.ts';

const bare = { bold: String, dim: String, good: String, bad: String, warn: String };

describe('failures for people', () => {
  it('say what failed and what to do next', () => {
    const text = failureText(
      { code: 'tool.missing', tool: 'gcc', neededFor: 'the kernel', package: 'gcc' },
      bare,
    );
    expect(text).toBe(
      'synos: error: gcc is not installed; it is needed for the kernel\n  next: apt-get install gcc',
    );
  });
});
