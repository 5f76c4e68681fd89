// The host's half of a budget: what the plugin says on its channel, and what QEMU is told then.
import type { Duplex } from 'node:stream';
import { singleSteps } from '../aids.ts';
import type { Stop } from '../evidence.ts';
import type { Qmp } from '../qmp.ts';

/** QEMU calls it so up to 8.0, and from 8.1. */
const orders = ['singlestep on', 'one-insn-per-tb on'];

/** To be called before the guest is set running; calls `end` when it stands at its budget. */
export function holdAtBudget(
  channel: Duplex,
  qmp: Pick<Qmp, 'monitor'>,
  budget: number,
  end: (stop: Stop) => void,
): void {
  const translateSingly = async (): Promise<void> => {
    for (const order of orders) if (!/unknown command/.test(await qmp.monitor(order))) return;
  };
  // The first block would run as a whole.
  if (budget <= singleSteps) translateSingly().catch(() => {});
  let open = '';
  channel.on('error', () => {}); // QEMU that dies closes it
  channel.on('data', (chunk: Buffer) => {
    const lines = (open + chunk.toString('latin1')).split('\n');
    open = lines.pop() ?? '';
    for (const line of lines) {
      const stop = /^b ([0-9a-f]{1,16}) (\d{1,16})$/.exec(line);
      if (stop) end({ cause: 'budget', address: BigInt(`0x${stop[1]}`), instructions: Number(stop[2]) });
      // A monitor that is gone has no guest that could go on.
      else if (line === 'n')
        translateSingly().then(
          () => channel.write('g'),
          () => {},
        );
    }
  });
}
