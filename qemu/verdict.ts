// How a boot ended, from all that was seen together. Pure: an ordered list of rules, the first that fits decides.
//
// No single sign is enough. A triple fault ends QEMU with exit code 0, a wrong option with the code of a guest that wrote 0, and a
// kernel that lost half its records may well say that it passed.
import type { BootEnd } from '../core/outcome.ts';
import {
  afterEnd,
  atAddress,
  type BootFacts,
  duration,
  eventReason,
  evidenceOf,
  lastSample,
  poweredOff,
  whereabouts,
} from './evidence.ts';
import { isBelowKernel, isDeadHalt, isIdle, isSpinning } from './registers.ts';
import { isPassCode, means, type Ruling, ruled, scriptStopped } from './rulings.ts';

export type Verdict = {
  readonly end: BootEnd;
  readonly reason: string;
  readonly evidence: readonly string[];
};

export function judge(facts: BootFacts): Verdict {
  for (const rule of rules) {
    const ruling = rule(facts);
    if (ruling) return { ...ruling, evidence: evidenceOf(facts) };
  }
  return {
    end: 'failed',
    reason: `the guest ended with exit code ${facts.exit}, which means nothing`,
    evidence: evidenceOf(facts),
  };
}

const rules: readonly ((facts: BootFacts) => Ruling)[] = [
  neverStarted,
  panicked,
  killed,
  crashed,
  hung,
  reset,
  spent,
  barked,
  flooded,
  failed,
  ruled,
  scriptStopped,
  finished,
  halted,
  looped,
  stuckInFirmware,
  saidNothing,
  wentQuiet,
  ranOut,
];

function neverStarted(facts: BootFacts): Ruling {
  if (facts.stop.cause === 'refused')
    return { end: 'qemu-error', reason: `QEMU would not run the machine: ${facts.stop.why}` };
  if (facts.stop.cause !== 'exit' || facts.started || facts.signal !== null) return undefined;
  const why = facts.complaints.at(-1) ?? `it ended with exit code ${facts.exit}`;
  return { end: 'qemu-error', reason: `QEMU could not start the machine: ${why}` };
}

// Stands before all else that a guest can do: after a panic it may reset, halt, or even claim success.
function panicked(facts: BootFacts): Ruling {
  const said = facts.serial.panic;
  if (said !== undefined) return { end: 'panic', reason: `the kernel panicked: ${said}` };
  if (eventReason(facts) === 'guest-panic')
    return { end: 'panic', reason: 'the guest told QEMU that it panicked' };
  if (facts.stop.cause === 'exit' && means(facts, 'panic'))
    return { end: 'panic', reason: 'the kernel ended with the exit code of a panic' };
  return undefined;
}

// QEMU takes TERM, INT and HUP as a wish to shut down, tells so, and exits 0.
function killed(facts: BootFacts): Ruling {
  if (eventReason(facts) === 'host-signal')
    return { end: 'killed', reason: 'QEMU was asked to end by a signal from outside' };
  if (eventReason(facts) === 'console') return { end: 'killed', reason: 'it was ended from the console' };
  if (facts.stop.cause !== 'exit') return undefined;
  if (facts.signal !== null && !crashSignals.has(facts.signal))
    return { end: 'killed', reason: `QEMU was killed from outside by ${facts.signal}` };
  if (facts.exit === 0)
    return { end: 'killed', reason: 'QEMU ended, though neither the guest nor SynOS asked for it' };
  return undefined;
}

const crashSignals: ReadonlySet<string> = new Set([
  'SIGSEGV',
  'SIGABRT',
  'SIGBUS',
  'SIGILL',
  'SIGFPE',
  'SIGSYS',
  'SIGTRAP',
]);

function crashed(facts: BootFacts): Ruling {
  if (facts.stop.cause !== 'exit') return undefined;
  if (facts.signal !== null) return { end: 'qemu-error', reason: `QEMU crashed with ${facts.signal}` };
  // The same code comes from a guest that writes 0 to the exit port; QEMU itself says why it gives up.
  if (facts.exit === 1 && facts.complaints.length > 0)
    return { end: 'qemu-error', reason: `QEMU gave up: ${facts.complaints.at(-1)}` };
  return undefined;
}

// Whatever the guest does, QEMU's monitor answers.
function hung(facts: BootFacts): Ruling {
  const { cause } = facts.stop;
  const waited = cause === 'silence' || cause === 'time-limit';
  if (!waited || facts.samples.length > 0) return undefined;
  return { end: 'qemu-error', reason: `QEMU hangs: it does not answer${duration(facts)}` };
}

function reset(facts: BootFacts): Ruling {
  if (eventReason(facts) !== 'guest-reset') return undefined;
  if (facts.tripleFault)
    return { end: 'reset', reason: `triple fault${atAddress(facts)}: the machine reset` };
  const [cpu] = lastSample(facts);
  if (!facts.tripleFaultsLogged && cpu?.protectedMode && cpu.idtLimit === 0)
    return {
      end: 'reset',
      reason: `the machine reset${atAddress(facts)} with an empty IDT, as after a triple fault`,
    };
  return { end: 'reset', reason: `the guest asked for a reset${atAddress(facts)}` };
}

function barked(facts: BootFacts): Ruling {
  if (eventReason(facts) !== 'watchdog') return undefined;
  return { end: 'stalled', reason: `the watchdog of the machine ran out${whereabouts(facts)}` };
}

function spent(facts: BootFacts): Ruling {
  if (facts.stop.cause !== 'budget') return undefined;
  const { instructions } = facts.stop;
  return { end: 'budget', reason: `stopped behind ${instructions} instructions${atAddress(facts)}` };
}

function flooded(facts: BootFacts): Ruling {
  if (facts.stop.cause !== 'flood') return undefined;
  return { end: 'flood', reason: `the guest was ended because it printed more than ${facts.stop.what}` };
}

// A test that failed is known to have failed, whatever else was lost.
function failed(facts: BootFacts): Ruling {
  const said = facts.rules?.fail;
  if (said !== undefined) return { end: 'failed', reason: `the kernel said that it failed: ${said}` };
  if (!endedByItself(facts) && facts.stop.cause !== 'done') return undefined;
  const { failed: count, failures } = facts.tests.summary;
  if (count > 0)
    return {
      end: 'failed',
      reason: `${count} ${count === 1 ? 'test' : 'tests'} failed: ${failures.slice(0, 3).join(', ')}`,
    };
  if (facts.stop.cause === 'exit' && means(facts, 'failed'))
    return { end: 'failed', reason: 'the kernel ended with the exit code of a failed test' };
  return undefined;
}

function finished(facts: BootFacts): Ruling {
  if (!endedByItself(facts) || (!isPassCode(facts) && !poweredOff(facts))) return undefined;
  const { harvest, tests } = facts;
  if (!harvest.ended && harvest.refused.length === 0 && harvest.missingCount === 0)
    return { end: 'early', reason: 'the guest ended as if all were well, but without its end record' };
  const defects = [
    ...(harvest.ended ? [] : ['the end record is missing']),
    ...harvest.defects,
    ...tests.problems,
    ...(facts.rules?.defects.filter((defect) => !harvest.defects.includes(defect)) ?? []),
  ];
  if (defects.length > 0)
    return { end: 'incomplete', reason: `results are lost: ${defects.slice(0, 3).join('; ')}` };
  const { passed } = tests.summary;
  const said = tests.seen ? `, ${passed} ${passed === 1 ? 'test' : 'tests'} passed` : '';
  return { end: 'passed', reason: `${harvest.records.length} records, nothing lost${said}` };
}

function halted(facts: BootFacts): Ruling {
  const { cause } = facts.stop;
  const dead = cause !== 'exit' && isDeadHalt(lastSample(facts));
  if (!dead && cause !== 'dead-wait') return undefined;
  const why = dead ? 'with interrupts off' : 'for an interrupt that nothing can send: all are masked';
  const who = lastSample(facts).length > 1 ? 'all CPUs' : 'the CPU';
  return { end: 'halt', reason: `${who} halted for ever${atAddress(facts)} ${why}${afterEnd(facts)}` };
}

function looped(facts: BootFacts): Ruling {
  const { cause } = facts.stop;
  const proved = cause === 'dead-loop';
  if (!proved && cause !== 'frozen' && cause !== 'silence') return undefined;
  if (cause === 'silence' && !isSpinning(facts.samples)) return undefined;
  // Where nothing was said, that is the first thing to tell; where the CPU was goes with it.
  if (facts.serial.bytes === 0 || inFirmware(facts)) return undefined;
  const how = proved ? ', which can never end' : cause === 'frozen' ? `, unchanged${duration(facts)}` : '';
  return {
    end: 'spin',
    reason: `the CPU goes round in one place${atAddress(facts)}${how}${afterEnd(facts)}`,
  };
}

function stuckInFirmware(facts: BootFacts): Ruling {
  if (facts.stop.cause === 'exit' || !inFirmware(facts)) return undefined;
  return {
    end: 'firmware',
    reason: `the machine never left its firmware or boot loader${atAddress(facts)}${duration(facts)}`,
  };
}

function saidNothing(facts: BootFacts): Ruling {
  if (facts.stop.cause === 'exit' || facts.serial.bytes > 0) return undefined;
  return { end: 'silent', reason: `the guest printed nothing at all${duration(facts)}${whereabouts(facts)}` };
}

function wentQuiet(facts: BootFacts): Ruling {
  const idle = isIdle(lastSample(facts));
  if (facts.stop.cause !== 'silence' && !(facts.stop.cause === 'time-limit' && idle)) return undefined;
  return {
    end: 'stalled',
    reason: `the guest printed nothing more${duration(facts)}${afterEnd(facts)}${whereabouts(facts)}`,
  };
}

function ranOut(facts: BootFacts): Ruling {
  if (facts.stop.cause !== 'time-limit') return undefined;
  return { end: 'spin', reason: `the guest was still running${duration(facts)}${whereabouts(facts)}` };
}

function endedByItself(facts: BootFacts): boolean {
  return facts.stop.cause === 'exit' || poweredOff(facts);
}

function inFirmware(facts: BootFacts): boolean {
  return (
    facts.throughFirmware &&
    !facts.inKernel &&
    !facts.rules?.alive &&
    facts.harvest.hello === null &&
    isBelowKernel(lastSample(facts))
  );
}
