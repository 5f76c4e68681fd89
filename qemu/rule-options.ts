// What a machine's options say about a kernel that does not print frames: how its lines are read, and what is typed at it.
import { z } from 'zod';
import { unitNamed } from '../core/figure.ts';
import { compilePattern, patternFault } from './pattern.ts';

const mostPatterns = 32;
/** Named groups of a record's pattern that are its members; all others are labels. */
const members = ['suite', 'name', 'metric', 'unit', 'value'] as const;

const pattern = z
  .string()
  .min(1)
  .max(500)
  .superRefine((source, context) => {
    const fault = patternFault(source);
    if (fault !== undefined)
      context.addIssue({ code: 'custom', message: `not a pattern in RE2's syntax: ${fault}` });
  });
const patterns = z.array(pattern).max(mostPatterns).default([]);
const word = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:+/-]{0,99}$/, 'must be a name, as `boot` or `disk/read`');

const record = z
  .strictObject({
    match: pattern.describe(
      'Pattern with named groups: `(?P<value>...)` is the figure; `suite`, `name`, `metric` and `unit` may be groups, too; all others become labels.',
    ),
    suite: word.optional().describe('Suite of the record, where no group says it.'),
    name: word.optional().describe('Name, where no group says it.'),
    metric: word.optional().describe('Metric, where no group says it.'),
    unit: z
      .string()
      .refine((name) => unitNamed(name) !== undefined, {
        message:
          'must be a known unit: ns us ms s, bytes KiB MiB GiB, cycles, instructions, objects, pages, ratio, percent, permille',
      })
      .optional()
      .describe('Unit of what is printed, where no group says it; times become ns, sizes bytes.'),
    scale: z.number().positive().max(1e12).default(1).describe('What the figure is multiplied with.'),
    count: z
      .int()
      .min(0)
      .max(1_000_000)
      .default(0)
      .describe('Records that the rule must make; with fewer the boot is incomplete.'),
  })
  .superRefine((rule, context) => {
    if (patternFault(rule.match) !== undefined) return;
    for (const { message, path = 'match' } of groupFaults(compilePattern(rule.match).groups, rule))
      context.addIssue({ code: 'custom', path: [path], message });
  });

type Said = { readonly [member in (typeof members)[number]]?: string | undefined };

function groupFaults(groups: readonly string[], said: Said): { message: string; path?: string }[] {
  const value = groups.includes('value')
    ? []
    : [{ message: 'needs a group named value: `(?P<value>[0-9]+)`' }];
  const others = members.filter((member) => member !== 'value');
  const missing = others.filter((member) => !groups.includes(member) && said[member] === undefined);
  const twice = others.filter((member) => groups.includes(member) && said[member] !== undefined);
  const upper = groups.filter((group) => !/^[a-z][a-z0-9_]{0,63}$/.test(group));
  return [
    ...value,
    ...missing.map((member) => ({
      message: `nothing says the ${member}: a group named ${member}, or the field \`${member}\``,
    })),
    ...twice.map((member) => ({
      message: `the ${member} is said twice: by a group and by this field`,
      path: member,
    })),
    ...upper.map((group) => ({ message: `the group ${group} is not in lower case` })),
  ];
}

/** What must be seen for a boot to have passed. */
const doneWords = ['auto', 'frames', 'pass', 'ktap', 'lava', 'script', 'exit', 'poweroff'] as const;

export const rulesOptions = z
  .strictObject({
    done: z
      .enum(doneWords)
      .default('auto')
      .describe(
        'What a boot must show to have passed: frames (a whole stream of records), the line of `pass`, all of a KTAP plan, the end of a LAVA run, the last step of the script, exit (code `passCode`) or poweroff; auto takes pass where there is one, else the script, else frames.',
      ),
    passCode: z
      .int()
      .min(1)
      .max(255)
      .default(33)
      .describe('Exit code of QEMU that says passed: 2n+1 for an n written to port 0xf4.'),
    ready: pattern
      .optional()
      .describe('Line that says that the guest is ready: `timing.readyMs` of its outcome.'),
    pass: pattern.optional().describe('Line that says that all went well.'),
    fail: patterns.describe('Lines that say that something failed.'),
    panic: patterns.describe('Lines of a kernel that gives up, in place of the known ones.'),
    records: z.array(record).max(mostPatterns).default([]).describe('Lines that are records.'),
  })
  .superRefine(({ done, pass }, context) => {
    if (done === 'pass' && pass === undefined)
      context.addIssue({ code: 'custom', path: ['done'], message: 'there is no `pass` pattern' });
  });

export type Done = (typeof doneWords)[number];
export type RuleOptions = z.output<typeof rulesOptions>;

export const scriptOptions = z
  .array(
    z.strictObject({
      expect: pattern.describe(
        'Pattern that is looked for in what the guest prints behind the last match, escape sequences left out.',
      ),
      send: z
        .string()
        .max(4096)
        .default('')
        .describe('Text that is then typed at it, as it is: `"ls\\n"` in double quotes ends in a line feed.'),
      seconds: z
        .int()
        .min(1)
        .max(86_400)
        .default(30)
        .describe(
          'How long the step is waited for, whatever else the guest prints; exact runs have three times as long.',
        ),
    }),
  )
  .max(200)
  .default([]);

export const terminalOptions = z
  .union([
    z.boolean(),
    z.strictObject({
      columns: z.int().min(20).max(500).default(80).describe('Width of the terminal.'),
      rows: z.int().min(5).max(200).default(25).describe('Height of the terminal.'),
    }),
  ])
  .default(false);

export type ScriptOptions = z.output<typeof scriptOptions>;
