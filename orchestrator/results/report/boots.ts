// Each boot: how it ended and what that rests on, its tests, its last words, and every record.
import { bytes, duration, number } from '../../../core/words.ts';
import { wholeLast } from '../last-text.ts';
import type { StoredBoot } from '../run.ts';
import type { Picture } from '../screens.ts';
import { type Html, html } from './html.ts';

/** `pictures`: of the boots' screens, by their place, as far as they are shown. */
export function bootsSection(boots: readonly StoredBoot[], pictures: readonly (Picture | undefined)[]): Html {
  // Of many alike the first says all, and each that went wrong speaks for itself.
  const whole = (boot: StoredBoot): boolean =>
    boot.end !== 'passed' || boots.find((one) => kindOf(one) === kindOf(boot)) === boot;
  const rest = boots.filter((boot) => !whole(boot));
  return html`<section id="boots" aria-labelledby="boots-h"><h2 id="boots-h">${boots.length === 1 ? 'The boot' : 'Boots'}</h2>
${boots.length === 0 ? html`<p>Nothing was booted.</p>` : null}${boots.map((boot, i) => (whole(boot) ? bootPart(boot, pictures[i]) : null))}${rest.length > 0 ? repeated(rest) : null}</section>`;
}

function kindOf({ machine, accelerator, exact }: StoredBoot): string {
  return `${accelerator} ${exact} ${machine}`;
}

function repeated(boots: readonly StoredBoot[]): Html {
  const row = ({ machine, reason, timing, records }: StoredBoot): Html =>
    html`<tr><th scope="row">${machine}<td>${reason}<td class="n">${timing.firstRecordMs === null ? '–' : duration(timing.firstRecordMs)}<td class="n">${duration(timing.totalMs)}<td class="n">${number(records.length)}`;
  return html`<details><summary>${number(boots.length)} more that passed</summary><div class="scroll" tabindex="0" role="region" aria-label="More boots that passed"><table class="list">
<thead><tr><th scope="col">machine<th scope="col">how it ended<th scope="col" class="n">first record<th scope="col" class="n">whole boot<th scope="col" class="n">records</thead><tbody>${boots.map(row)}</table></div></details>`;
}

function bootPart(boot: StoredBoot, picture: Picture | undefined): Html {
  const passed = boot.end === 'passed';
  return html`<article class="card boot"><h3><span class="dot ${passed ? 'ok' : 'bad'}" aria-hidden="true"></span>${boot.machine}: ${boot.end}</h3>
<p>${boot.reason}</p>
<dl class="facts-list">${bootFacts(boot)}</dl>
${testPart(boot)}
${bulletList('What the verdict rests on', boot.evidence)}
${bulletList('Refused', boot.refused)}
${boot.missing.length > 0 ? html`<p><b>Missing records:</b> ${boot.missing.join(', ')}</p>` : null}
${lastPart(boot)}${screenPart(boot, picture)}${tailPart(boot)}</article>`;
}

function tailPart(boot: StoredBoot): Html {
  if (boot.tail.length === 0) return html`<p class="note">No line of text came over the serial port.</p>`;
  return html`<details${boot.end === 'passed' ? null : html` open`}><summary>Last lines of the serial port</summary><pre tabindex="0" aria-label="Last serial lines of ${boot.machine}">${boot.tail.map((line) => html`${line}\n`)}</pre></details>`;
}

function lastPart(boot: StoredBoot): Html | null {
  if (!boot.last || boot.last.cpus.length === 0) return null;
  return html`<details open><summary>What was seen last</summary><pre tabindex="0" aria-label="Registers and backtrace of ${boot.machine}">${wholeLast(boot.last).map((line) => html`${line}\n`)}</pre></details>`;
}

function screenPart({ machine }: StoredBoot, picture: Picture | undefined): Html | null {
  if (!picture) return null;
  const { url, width, height } = picture;
  return html`<figure class="screen"><figcaption>The screen at the end</figcaption><img src="${url}" width="${width}" height="${height}" alt="What ${machine} showed on its screen at the end, ${width} by ${height} pixels"></figure>`;
}

function bootFacts(boot: StoredBoot): Html[] {
  const { timing, hello } = boot;
  const facts: [string, string][] = [
    ['clock', boot.exact ? 'instructions, exact (icount)' : 'timed'],
    ['accelerator', boot.accelerator],
    ['first byte', timing.firstByteMs === null ? 'never came' : duration(timing.firstByteMs)],
    ['first record', timing.firstRecordMs === null ? 'never came' : duration(timing.firstRecordMs)],
    ['whole boot', `${duration(timing.totalMs)}${timing.prewarmed ? ', QEMU started ahead' : ''}`],
    ['serial', bytes(boot.serialBytes)],
    ['kernel', hello?.kernel ?? 'never spoke'],
    ['build', hello?.build ?? ''],
    ['command line', hello?.cmdline ?? ''],
    ['whole log', boot.log ?? ''],
    ['screenshot', boot.screen?.path ?? ''],
  ];
  return facts
    .filter(([, value]) => value !== '')
    .map(
      ([name, value]) =>
        html`<div${value.length > 30 ? html` class="wide"` : null}><dt>${name}</dt><dd>${value}</dd></div>`,
    );
}

function testPart({ tests }: StoredBoot): Html {
  const ran = tests.passed + tests.failed + tests.skipped;
  if (ran === 0) return html`<p class="note">No in-kernel test ran.</p>`;
  const failures =
    tests.failures.length > 0
      ? html`<ul class="failures">${tests.failures.map((name) => html`<li><code>not ok ${name}</code></li>`)}</ul>`
      : null;
  return html`<p class="tests"><b>In-kernel tests:</b> ${number(tests.passed)} passed, <span class="${tests.failed > 0 ? 'bad' : ''}">${number(tests.failed)} failed</span>, ${number(tests.skipped)} skipped</p>${failures}`;
}

function bulletList(title: string, items: readonly string[]): Html | null {
  return items.length === 0
    ? null
    : html`<p><b>${title}</b></p><ul class="evidence">${items.map((item) => html`<li>${item}</li>`)}</ul>`;
}
