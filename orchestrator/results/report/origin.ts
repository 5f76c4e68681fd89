// Where the figures come from, and what their words mean: all that somebody needs to get them again or to doubt them.
import { bytes, duration, number } from '../../../core/words.ts';
import { shellWords } from '../format.ts';
import type { StoredRun } from '../run.ts';
import { leastSamples } from '../stats.ts';
import { type Html, html } from './html.ts';

export function originSection(run: StoredRun): Html {
  return html`<section id="origin" aria-labelledby="origin-h"><h2 id="origin-h">Provenance</h2>
<div class="cards"><div class="card"><h3>To get these figures again</h3>${reproduce(run)}</div>
<div class="card"><h3>Host</h3><dl class="facts-list">${hostFacts(run)}</dl></div></div>
${listTable(
  'Artefacts',
  ['file', 'size', 'SHA-256'],
  run.artefacts.map((one) => [one.name, bytes(one.bytes), one.digest]),
)}
${listTable('Tools', ['program', 'version'], [['synos', run.synos], ...run.tools.map((tool) => [tool.name, tool.version]), ...qemuVersions(run)])}
${taskTable(run)}</section>`;
}

function reproduce(run: StoredRun): Html {
  const { git } = run;
  const lines = [...(git ? [`git checkout ${git.commit}`] : []), shellWords(run.command)];
  const dirty = git?.dirty
    ? html`<p class="warn">The tree held changes that this commit does not have: only the artefacts' digests below say what ran.</p>`
    : null;
  return html`${dirty}${code('Commands', lines.join('\n'))}
${[...new Map(run.boots.map((boot) => [boot.machine, boot])).values()].map((boot) => code(`QEMU, as it was started for ${boot.machine}`, optionLines(boot.qemu.argv)))}
<p class="note">This run as data: <code>synos report ${run.id} --json</code></p>`;
}

// An option a line, which a shell still takes as one command: broken between words, never within one.
function optionLines(argv: readonly string[]): string {
  return argv
    .map((word, index) => {
      const gap = index === 0 ? '' : /^-[A-Za-z]/.test(word) ? ' \\\n  ' : ' ';
      return gap + shellWords([word]);
    })
    .join('');
}

// A line feed of ours between escaped lines: the escaper would show it as \x0a.
function code(title: string, text: string): Html {
  const lines = text.split('\n').map((line, index) => html`${index > 0 ? html`\n` : null}${line}`);
  return html`<figure class="code"><figcaption>${title} <button type="button" class="copy" hidden>Copy</button></figcaption><pre tabindex="0"><code>${lines}</code></pre></figure>`;
}

function hostFacts({ host }: StoredRun): Html[] {
  const facts = [
    ['processor', host.cpuModel],
    ['logical processors', number(host.cores)],
    ['memory', bytes(host.memoryMib * 2 ** 20)],
    ['kernel', host.kernel],
    ['architecture', host.architecture],
    ['inside', host.container ?? 'no container or virtual machine that shows itself'],
  ];
  return facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`);
}

function qemuVersions(run: StoredRun): string[][] {
  return [...new Set(run.boots.map((boot) => boot.qemu.version))].map((version) => ['qemu', version]);
}

function listTable(
  title: string,
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): Html | null {
  if (rows.length === 0) return null;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${title}"><table class="list"><caption>${title}</caption><thead><tr>${columns.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell, index) => (index === 0 ? html`<th scope="row">${cell}</th>` : html`<td><code>${cell}</code></td>`))}</tr>`)}</tbody></table></div>`;
}

const mostTasks = 25;

function taskTable(run: StoredRun): Html | null {
  if (run.tasks.length === 0) return null;
  const slowest = run.tasks
    .filter((task) => task.status === 'ran')
    .sort((a, b) => b.durationMs - a.durationMs)
    .slice(0, mostTasks);
  const cached = run.tasks.filter((task) => task.status === 'cached').length;
  const rows = slowest.map((task) => [task.id, task.status, duration(task.durationMs)]);
  return html`<details><summary>Tasks: ${number(run.tasks.length)} in all, ${number(cached)} from the cache</summary>${listTable('Those that ran, slowest first', ['task', 'status', 'time'], rows)}</details>`;
}

export function glossary(): Html {
  const terms: [string, string][] = [
    [
      'exact',
      'QEMU runs with -icount shift=0,sleep=off: one guest instruction is one tick of the time stamp counter. Two runs of one build give the same figures to the last unit, idle or loaded. They count instructions, not cycles or cache misses.',
    ],
    [
      'timed',
      "The guest's time stamp counter, in cycles of the host's clock under emulation. It moves with the load, the clock and the memory of the host: read it with its spread.",
    ],
    [
      'value',
      'The median of the samples. A sample is the cost of one operation: many of them measured together, the empty loop taken off, divided by their number.',
    ],
    [
      '× pool',
      "An allocator's value divided by the pool's value for the same workload and size, in the same boot.",
    ],
    [
      '95 % interval',
      `Percentile bootstrap of the ratio of medians over the samples of one boot, from a fixed seed; shown from ${leastSamples} samples on. Drift between boots is not in it.`,
    ],
    ['same, fewer, more', 'Exact series against the previous comparable run: equality, tolerance 0.'],
    [
      'undecided',
      'Timed series of two single runs. On one unchanged kernel, "10 % worse than the run before" is wrong in about half of all runs; so nothing is claimed.',
    ],
    [
      'comparable',
      "The same guest machine and its description, accelerator, clock (exact or timed), unit, compiler, words on the kernel's command line, and host: processor, cores, memory, kernel, container.",
    ],
    ['MAD', 'Median absolute deviation: half of the samples lie closer to the median than this.'],
    [
      'firstfit, firstfit-holes',
      'A plain first-fit list: with an empty heap, and with 4000 holes that are too small in front of the block that fits.',
    ],
  ];
  return html`<section id="words" aria-labelledby="words-h"><h2 id="words-h">How the figures were made</h2><dl class="words">${terms.map(([term, text]) => html`<div><dt>${term}</dt><dd>${text}</dd></div>`)}</dl></section>`;
}
