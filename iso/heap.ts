// Keeps V8's heap small while an image is made: by itself V8 lets the young objects of a busy process take 128 MiB, and collects old ones
// only when there are several times as many as after the last time.
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** From here on the space of young objects stays as it is; a smaller one costs CPU time, since more objects outlive it. */
const youngBytes = 16 << 20;
const small = ['--semi-space-growth-factor=1', '--heap-growing-percent=20'];
const usual = ['--semi-space-growth-factor=2', '--heap-growing-percent=0'];

let users = 0;
let isSmall = false;

/** Until the last of those who asked for it is done. Flags are set back: code that is kept for the next start counts for its flags only. */
export function smallHeap(): Disposable {
  users++;
  watchHeap();
  return {
    [Symbol.dispose]: () => {
      if (--users > 0 || !isSmall) return;
      isSmall = false;
      for (const flag of usual) setFlagsFromString(flag);
    },
  };
}

/** To be called every now and then in between. */
export function watchHeap(): void {
  if (users === 0 || isSmall) return;
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  if ((young?.space_size ?? 0) < youngBytes) return;
  isSmall = true;
  for (const flag of small) setFlagsFromString(flag);
}
