// Ctrl-C and TERM: the first ends the work in order (children, half-written files), the second ends at once.
import { SynosError } from '../../core/failure.ts';
import { writeErr } from '../ui/output.ts';

/** The signal that all work of this process listens to. Its reason is the SynosError `interrupted`. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // The kernel ends the children of a process that is gone (see core/exec.ts).
      if (controller.signal.aborted) process.exit(130);
      writeErr(`\nsynos: ${signal === 'SIGINT' ? 'interrupted' : signal}; ending what runs (again: at once)`);
      controller.abort(new SynosError({ code: 'interrupted', signal }));
    });
  }
  return controller.signal;
}
