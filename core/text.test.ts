// The one escaper against what guests and foreign commands may print: every way into a terminal, a CI runner or a page that was found
// dangerous has a line here that says what it would have done.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forPage, visible, visibleLines, visibleUpTo } from './text.ts';

const ESC = '\x1b';
const BEL = '\x07';
const ST = `${ESC}\\`;

const attacks: readonly [what: string, text: string][] = [
  ['sets the title of the window', `${ESC}]0;owned${BEL}`],
  ['sets the title of the window, 8-bit OSC', '\x9d0;owned\x9c'],
  ['reports the title back as typed input', `${ESC}[21t`],
  ['writes to the clipboard (OSC 52)', `${ESC}]52;c;cm0gLXJmIC8=${BEL}`],
  ['asks for the clipboard (OSC 52)', `${ESC}]52;c;?${ST}`],
  [
    'makes a link that shows another address (OSC 8)',
    `${ESC}]8;;https://evil.test${ST}https://good.test${ESC}]8;;${ST}`,
  ],
  ['starts a download in iTerm2 (OSC 1337)', `${ESC}]1337;File=name=eA==:AAAA${BEL}`],
  ['shows a desktop notification (OSC 9, 777)', `${ESC}]9;hi${BEL}${ESC}]777;notify;a;b${BEL}`],
  ['changes the palette (OSC 4, 10, 11)', `${ESC}]4;1;#000000${BEL}${ESC}]10;#000${BEL}${ESC}]11;?${BEL}`],
  ['answers a request as typed input (DCS DECRQSS)', `${ESC}P$q;rm -rf /;${ST}`],
  ['defines a key (DECUDK)', `${ESC}P0;1|17/6c730a${ST}`],
  ['draws a picture (sixel, kitty)', `${ESC}Pq#0;2;0;0;0${ST}${ESC}_Ga=T;AAAA${ST}`],
  [
    'passes through to the outer terminal (tmux, screen)',
    `${ESC}Ptmux;${ESC}${ESC}]0;x${BEL}${ST}${ESC}k title${ST}`,
  ],
  [
    'hides text in a privacy message (PM, SOS, APC)',
    `${ESC}^secret${ST}${ESC}Xsecret${ST}${ESC}_secret${ST}`,
  ],
  ['asks where the cursor is, and gets it typed (DSR)', `${ESC}[6n${ESC}[c${ESC}[>q`],
  ['clears the screen', `${ESC}[2J${ESC}[H`],
  ['clears the scrollback', `${ESC}[3J`],
  ['writes over lines above', `${ESC}[5A${ESC}[2Kall tests passed`],
  ['writes over its own line', 'FAILED\rpassed'],
  ['takes characters back', 'FAILED\b\b\b\b\b\bpassed'],
  ['hides text (SGR 8)', `${ESC}[8mhidden${ESC}[0m`],
  ['shows black on black', `${ESC}[30;40mhidden`],
  ['switches to the alternate screen', `${ESC}[?1049h`],
  ['hides the cursor', `${ESC}[?25l`],
  ['turns on reports of the mouse', `${ESC}[?1003h`],
  ['turns on bracketed paste', `${ESC}[?2004h`],
  ['selects line drawing as the character set', `${ESC}(0lqqk\x0e`],
  ['resets the terminal', `${ESC}c`],
  ['is CSI in 8 bits', '\x9b31mred'],
  ['repeats a character a billion times (REP)', `a${ESC}[1000000000b`],
  ['rings for ever', BEL.repeat(50)],
  ['answers the enquiry (ENQ)', '\x05'],
  ['stops the terminal (XOFF)', '\x13'],
  ['ends a file (EOT, SUB)', '\x04\x1a'],
  ['ends a C string', 'safe\0evil'],
  ['deletes (DEL)', 'a\x7fb'],
  ['reverses the order of letters (bidi override)', 'user\u202egnp.exe'],
  ['isolates a direction (LRI, PDI)', 'a\u2066b\u2069'],
  ['hides letters of no width', 'pass\u200bed\u200d\ufeff\u2060'],
  ['hides tags', 'ok\u{e0041}\u{e0042}'],
  ['breaks the line in JavaScript', 'a\u2028b\u2029c\u0085d'],
  ['piles marks up over other lines', `Z${'\u0337\u0321\u0334'.repeat(20)}`],
  ['looks like a space', 'a\u3164b\u115f\u1160\uffa0\u2800'],
  ['is half a pair', 'a\ud800b'],
  ['draws what only one machine has (private use)', '\ue0b0\u{f0000}'],
];

// What a terminal could take for more than a picture of a letter, whatever follows.
const dangerous = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\p{Cn}\p{M}\u115f\u1160\u2800\u3164\uffa0]/u;

describe('text that', () => {
  it.each(attacks)('%s is only shown', (_what, text) => {
    for (const safe of [visible(text), forPage(text), visibleUpTo(text, 100), ...visibleLines(text)]) {
      expect(safe).not.toMatch(dangerous);
    }
    expect(visible(text)).toContain('\\');
  });
});

describe('a line for a CI runner', () => {
  it.each([
    '::error file=a,line=1::owned',
    '   ::set-output name=x::y',
    '\t::add-mask::x',
    '::stop-commands::token',
    '\r::warning::x',
    '\x1b[0m::error::x'.slice(4),
  ])('cannot give GitHub a command: %j', (text) => {
    expect(visible(text)).not.toMatch(/^\s*::/);
  });

  it.each(['##[error]x', 'before ##[group]x', '##[add-path]/tmp', 'a##[command]b', '###[error]x'])(
    'cannot give an old runner a command: %j',
    (text) => {
      expect(visible(text)).not.toContain('##[');
    },
  );

  it.each(['##vso[task.setvariable variable=x]y', '##teamcity[buildStatus text=ok]'])(
    'cannot give Azure or TeamCity a command: %j',
    (text) => {
      expect(visible(text)).not.toMatch(/##\w*\[/);
    },
  );
});

describe('honest text', () => {
  it.each([
    'kernel/mm/pool.c:12:3: error: expected ‘;’ before ‘}’ token',
    'größer als 4 KiB — ok',
    '漢字 кириллица ελληνικά',
    'a::b c##d 50% {x}',
  ])('stays as it is: %s', (text) => {
    expect(visible(text)).toBe(text);
  });

  it('keeps the place of tabs roughly', () => {
    expect(visible('a\tb')).toBe('a    b');
  });

  it('is shortened with the number of characters that are missing', () => {
    expect(visibleUpTo('abcdef', 4)).toBe('abcd… (2 more characters)');
    expect(visibleUpTo('abcd', 4)).toBe('abcd');
  });

  it('is split at any kind of line end, the last one not counted', () => {
    expect(visibleLines('a\r\nb\nc\rd\n')).toEqual(['a', 'b', 'c', 'd']);
    expect(visibleLines('a\n\nb')).toEqual(['a', '', 'b']);
  });
});

describe('a page', () => {
  it.each([
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='x",
    '`id`',
    '</script><!--',
  ])('gets no markup from %s', (text) => {
    expect(forPage(text)).not.toMatch(/[<>"'`]/);
  });

  it('shows an ampersand as one', () => {
    expect(forPage('a &amp; b')).toBe('a &#38;amp; b');
  });
});

describe('any text at all', () => {
  it('is never dangerous, and twice escaped is as once', () => {
    const holds = fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      const safe = visible(text);
      expect(safe).not.toMatch(dangerous);
      expect(safe).not.toMatch(/^\s*::|##\w*\[/);
      expect(visible(safe)).toBe(safe);
    });
    fc.assert(holds, { numRuns: 1000 });
  });

  it('is escaped in time that grows with its length only', () => {
    for (const text of [
      '#'.repeat(200_000),
      ' '.repeat(200_000),
      `${'#a'.repeat(100_000)}`,
      `##${'a'.repeat(200_000)}`,
    ]) {
      const started = performance.now();
      visible(`${text}\x1b`);
      expect(performance.now() - started).toBeLessThan(1000);
    }
  });
});
