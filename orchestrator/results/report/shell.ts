// The page around the sections: a policy under which nothing but the page's own style and script can run, and nothing can be fetched.
import { createHash } from 'node:crypto';
import { type Html, html, trusted } from './html.ts';

export type Shell = {
  readonly title: string;
  readonly style: string;
  readonly script: string;
  /** Base64, for the script. */
  readonly data: string;
  readonly body: Html;
};

export function shell({ title, style, script, data, body }: Shell): string {
  // An end tag inside would close the element early and spill the rest into the page.
  if (/<\/(script|style)/i.test(script + style)) throw new Error('an asset holds an end tag');
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trusted(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${trusted(style)}</style>
</head>
<body>
${body}
<script type="text/plain" id="data">${data}</script>
<script>${trusted(script)}</script>
</body>
</html>
`;
  return page.text;
}

// https://www.w3.org/TR/CSP3/#grammardef-hash-source
function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
