// When a boot is over by what its serial port said: the machine's rules, a test plan that was fulfilled, the last step of a script.
import { nowMs } from '../core/clock.ts';
import type { RuleFacts, Stop } from './evidence.ts';
import type { MachineOptions } from './options.ts';
import type { Script } from './script.ts';
import type { SerialReader } from './serial.ts';

export type Ending = {
  /** Why the boot is over now, if it is. */
  look(quietMs: number): Stop | undefined;
  /** The guest may be silent as long as a step of the script allows. */
  waits(): boolean;
  facts(): RuleFacts;
};

/** A line without an end that stands for so long is a prompt. */
const promptMs = 100;
/** Behind the line that says passed: a guest that then panics, resets or leaves with the code of a failure has not. */
const passGraceMs = 100;
/** Behind a plan that is fulfilled, or a line that says failed, more may come; this much silence ends it, or this much time. */
const quietGraceMs = 500;
const longestGraceMs = 5000;

function doneOf({ rules, script }: Pick<MachineOptions, 'rules' | 'script'>): RuleFacts['done'] {
  const done = rules?.done ?? 'auto';
  if (done !== 'auto') return done;
  if (rules?.pass !== undefined) return 'pass';
  return script.length > 0 ? 'script' : 'frames';
}

export function endingOf(options: MachineOptions, serial: SerialReader, script: Script | undefined): Ending {
  const done = doneOf(options);
  const met = (): boolean => {
    if (done === 'pass') return serial.state().rules?.pass !== undefined;
    if (done === 'script') return script?.waiting() === undefined;
    return (done === 'ktap' || done === 'lava') && serial.meaning.complete(done);
  };
  const metFor = timeOf(met);
  const failedFor = timeOf(() => serial.state().rules?.fail !== undefined);
  const settled = (ms: number | undefined, quietMs: number): boolean =>
    ms !== undefined && ((ms > quietGraceMs && quietMs > quietGraceMs) || ms > longestGraceMs);
  return {
    look(quietMs) {
      if (quietMs > promptMs) serial.settle();
      if (settled(failedFor(), quietMs)) return { cause: 'fail-line' };
      const ms = metFor();
      // Who also sends records is let finish them.
      const open = serial.state().frames > 0 && !serial.harvest().ended;
      const atOnce = done === 'pass' || done === 'script';
      if (ms !== undefined && !open && (atOnce ? ms > passGraceMs : settled(ms, quietMs)))
        return { cause: 'done', what: done };
      const late = script?.late();
      return late && { cause: 'script', ...late };
    },
    waits: () => script?.waiting() !== undefined,
    facts: () => factsOf(options, serial, script, met()),
  };
}

// Milliseconds since a condition was first seen to hold; undefined while it does not.
function timeOf(holds: () => boolean): () => number | undefined {
  let since: number | undefined;
  return () => {
    if (!holds()) {
      since = undefined;
      return undefined;
    }
    since ??= nowMs();
    return nowMs() - since;
  };
}

function factsOf(
  options: MachineOptions,
  serial: SerialReader,
  script: Script | undefined,
  met: boolean,
): RuleFacts {
  const { rules, frames } = serial.state();
  const harvest = serial.harvest();
  const waiting = script?.waiting();
  const unready = options.rules?.ready !== undefined && rules?.ready === undefined;
  return {
    ...{ done: doneOf(options), passCode: options.rules?.passCode ?? 33, met, fail: rules?.fail },
    defects: [
      ...(frames > 0 && !harvest.ended ? ['the end record is missing'] : []),
      ...(frames > 0 ? harvest.defects : []),
      ...serial.meaning.defects(),
      ...(unready ? ['the line that says that the guest is ready never came'] : []),
      ...(waiting === undefined ? [] : [`${waiting} was never reached`]),
    ],
    alive: rules?.ready !== undefined || rules?.pass !== undefined || (script?.reached() ?? 0) > 0,
    evidence: [
      ...(rules?.ready === undefined ? [] : [`ready: ${rules.ready}`]),
      ...(rules?.pass === undefined ? [] : [`said passed: ${rules.pass}`]),
      ...(rules?.fail === undefined ? [] : [`said failed: ${rules.fail}`]),
      ...(script ? [`${script.reached()} of ${script.steps} steps of the script were reached`] : []),
    ],
  };
}
