// What a guest was seen at last, as lines: for the terminal below the verdict, and whole on the report page.
import type { LastCpu, LastFrame, LastSeen } from '../../core/outcome.ts';

/** Registers that tell most; the page has all. */
const telling = ['RSP', 'RFLAGS', 'CR0', 'CR2', 'CR3', 'CR4', 'EFER', 'GDT', 'IDT'];
const fewFrames = 12;

/** At most two CPUs: those that run first, for the others mostly sleep. */
export function shortLast(last: LastSeen): string[] {
  const running = last.cpus.filter(({ state }) => state === 'runs');
  const shown = [...running, ...last.cpus.filter((cpu) => !running.includes(cpu))].slice(0, 2);
  const hidden = last.cpus.length - shown.length;
  return [
    ...shown.flatMap((cpu) => [
      title(cpu),
      ...cpu.pages.map(indented),
      ...registers(cpu, telling),
      ...cpu.backtrace.slice(0, fewFrames).map(frameText),
      ...(cpu.backtrace.length > fewFrames ? [`  ... ${cpu.backtrace.length - fewFrames} more frames`] : []),
    ]),
    ...(hidden > 0 ? [`${hidden} more ${hidden === 1 ? 'CPU is' : 'CPUs are'} in the report`] : []),
    ...last.notes,
  ];
}

export function wholeLast(last: LastSeen): string[] {
  const all = last.cpus.flatMap((cpu) => [
    title(cpu),
    ...cpu.pages.map(indented),
    ...cpu.backtrace.map(frameText),
    ...registers(cpu, Object.keys(cpu.registers)),
    '',
  ]);
  return [...all, ...last.notes];
}

const indented = (text: string): string => `  ${text}`;

function title({ cpu, state, mode, ring, registers }: LastCpu): string {
  return `CPU ${cpu} ${state} at ${registers['RIP'] ?? '?'}, ${mode}, ring ${ring}`;
}

// Short ones share a line.
function registers(cpu: LastCpu, names: readonly string[]): string[] {
  const lines: string[] = [];
  let open = '';
  for (const name of names) {
    const value = cpu.registers[name];
    if (value === undefined) continue;
    const text = `${name}=${value}`;
    if (open !== '' && open.length + text.length > 72) {
      lines.push(indented(open));
      open = '';
    }
    open = open === '' ? text : `${open}  ${text}`;
  }
  return open === '' ? lines : [...lines, indented(open)];
}

function frameText({ address, name, place, inlined }: LastFrame, index: number): string {
  const where = `${name ?? '?'}${place === null ? '' : ` (${place})`}`;
  return `  ${index === 0 ? 'at  ' : 'from'} ${address} ${where}${inlined ? ', inlined' : ''}`;
}
