// How a boot ended whose machine has rules or a script of its own. Pure, as the rest of the verdict.
import type { BootEnd } from '../core/outcome.ts';
import { type BootFacts, poweredOff, type RuleFacts, whereabouts } from './evidence.ts';

export type Ruling = { readonly end: BootEnd; readonly reason: string } | undefined;

// A guest that does not print frames passes by what its machine's rules want to see, and by nothing else.
export function ruled(facts: BootFacts): Ruling {
  const { rules, tests, harvest } = facts;
  if (!rules || rules.done === 'frames') return undefined;
  const left = facts.stop.cause === 'exit' && isPassCode(facts);
  if (!isDone(rules, facts, left)) {
    if (!left && !poweredOff(facts)) return undefined;
    return { end: 'early', reason: `the guest ended ${wanted[rules.done]}` };
  }
  const { passed, skipped } = tests.summary;
  const needsTests = rules.done === 'ktap' || rules.done === 'lava';
  const none = needsTests && passed + skipped === 0 ? ['no test reported anything'] : [];
  const defects = [...rules.defects, ...tests.problems, ...none];
  if (defects.length > 0)
    return { end: 'incomplete', reason: `results are lost: ${defects.slice(0, 3).join('; ')}` };
  const said = tests.seen ? `, ${passed} ${passed === 1 ? 'test' : 'tests'} passed` : '';
  return { end: 'passed', reason: `${showed[rules.done]}, ${harvest.records.length} records${said}` };
}

function isDone(rules: RuleFacts, facts: BootFacts, left: boolean): boolean {
  if (rules.done === 'poweroff') return poweredOff(facts);
  // QEMU's own error at its start has the code of a guest that wrote 0.
  if (rules.done === 'exit') return left && facts.serial.bytes > 0;
  return rules.met;
}

type Wanted = Exclude<RuleFacts['done'], 'frames'>;
const wanted: { readonly [done in Wanted]: string } = {
  pass: 'without the line that says that it passed',
  ktap: 'before all tests of a KTAP plan were reported',
  lava: 'before the end of a LAVA run',
  script: 'before the last step of the script',
  exit: 'without the exit code that says passed',
  poweroff: 'and did not power off',
};
const showed: { readonly [done in Wanted]: string } = {
  pass: 'the line came that says passed',
  ktap: 'the KTAP plan was fulfilled',
  lava: 'the LAVA run ended',
  script: 'every step of the script came',
  exit: 'the guest left with the code that says passed',
  poweroff: 'the guest powered off',
};

/** isa-debug-exit ends QEMU with 2n+1 for a written n: 0x10, 0x11 and 0x12 of the kernel's contract. */
const exitCodes = { passed: 33, failed: 35, panic: 37 } as const;

export function isPassCode(facts: BootFacts): boolean {
  return facts.exit === (facts.rules?.passCode ?? exitCodes.passed);
}

/** The codes of the kernel's contract, as far as the machine does not give them another meaning. */
export function means(facts: BootFacts, what: 'failed' | 'panic'): boolean {
  return facts.exit === exitCodes[what] && facts.rules?.passCode !== exitCodes[what];
}

export function scriptStopped(facts: BootFacts): Ruling {
  const { stop } = facts;
  if (stop.cause !== 'script') return undefined;
  return {
    end: 'stalled',
    reason: `${stop.step} did not come within ${stop.seconds} s${whereabouts(facts)}`,
  };
}
