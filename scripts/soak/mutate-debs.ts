// Takes damaged and hostile packages apart, again and again: each must be taken or refused as package.failed, in bounded time and memory, and
// nothing outside of the task's folders may change.
//   node scripts/soak/mutate-debs.ts [packages, default 10000] [seed, default 1]
import { tmpdir } from 'node:os';
import { mutant, randomFrom } from '../../iso/test-mutants.ts';
import { makeUnpacker } from '../../iso/test-unpacker.ts';

export type Fuzzed = {
  readonly packages: number;
  readonly taken: number;
  readonly refused: number;
  /** What must not happen, each with its seed. */
  readonly wrong: readonly string[];
  readonly slowestMs: number;
  readonly peakMib: number;
};

export async function mutateDebs(
  packages: number,
  seed: number,
  below: string,
  tell: (done: number) => void = () => {},
): Promise<Fuzzed> {
  const unpacker = await makeUnpacker(below);
  const before = await unpacker.outside();
  const wrong: string[] = [];
  const escaped: string[] = [];
  process.on('uncaughtException', (error) => escaped.push(String(error)));
  let [taken, slowestMs] = [0, 0];
  for (let n = 0; n < packages; n++) {
    const { failure, ms } = await unpacker.try(
      await mutant(randomFrom(seed * 1_000_003 + n), unpacker.victim),
    );
    slowestMs = Math.max(slowestMs, ms);
    if (failure === undefined) taken++;
    else if (failure.code !== 'package.failed') wrong.push(`${n}: ${JSON.stringify(failure)}`);
    for (const error of escaped.splice(0)) wrong.push(`${n}: not caught: ${error}`);
    if ((n + 1) % 100 === 0) {
      tell(n + 1);
      if ((await unpacker.outside()) !== before) wrong.push(`up to ${n}: something outside has changed`);
    }
  }
  if ((await unpacker.outside()) !== before) wrong.push('something outside has changed');
  await unpacker.close();
  const peakMib = Math.round(process.resourceUsage().maxRSS / 1024);
  return { packages, taken, refused: packages - taken - wrong.length, wrong, slowestMs, peakMib };
}

if (process.argv[1]?.endsWith('mutate-debs.ts')) {
  const [packages = '10000', seed = '1'] = process.argv.slice(2);
  const fuzzed = await mutateDebs(Number(packages), Number(seed), tmpdir(), (done) =>
    process.stderr.write(`\r${done}`),
  );
  process.stdout.write(`\n${JSON.stringify(fuzzed, null, 2)}\n`);
  process.exitCode = fuzzed.wrong.length > 0 ? 1 : 0;
}
