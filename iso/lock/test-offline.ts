// Started by a test in a machine without a network: does what of a build may use one, from the lock and a shared folder.
import { isoActions } from '../actions.ts';
import { isoOptions } from '../options.ts';
import { isoPlan, readLock } from '../plan.ts';
import { makeDrive } from '../test-drive.ts';

const [home = '', lock = '', options = '{}'] = process.argv.slice(2);
const parsed = isoOptions.parse(JSON.parse(options));
const kernel = { task: 'kernel:link', output: 'elf' } as unknown as Parameters<typeof isoPlan>[2];
const tasks = isoPlan(parsed, readLock(lock, parsed), kernel).tasks.filter((task) =>
  /^iso\.(?:fetch|pack|unpack)$/.test(task.kind),
);
const drive = await makeDrive(isoActions, { home });
await drive.run(tasks);
process.stdout.write(`${tasks.length} tasks\n`);
