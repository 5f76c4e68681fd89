// A small profile for tests: two callers of one function, a recursion, and an interrupt.
import type { Profile } from './profile.ts';

const file = 'kernel/main.c';
const names = ['start', 'kernel_main', 'mm_alloc', 'heap_split', 'tree_walk', 'timer_interrupt'];
const row = (at: number, parent: number, self: number, calls: number) => ({
  function: at,
  parent,
  self,
  calls,
});

export const sampleProfile: Profile = {
  schema: 'synos.profile/1',
  machine: 'direct',
  unit: 'instructions',
  total: 10_000,
  functions: names.map((name, i) =>
    name === 'start' ? { name, file: null, line: null } : { name, file, line: 10 * i },
  ),
  nodes: [
    row(-1, -1, 0, 0),
    row(0, 0, 120, 1),
    row(1, 1, 880, 1),
    row(2, 2, 3000, 40),
    row(3, 3, 1500, 12),
    row(4, 2, 700, 1),
    row(4, 5, 1400, 2),
    row(2, 6, 2000, 9),
    row(5, 0, 400, 4),
  ],
  benchmarks: [
    { name: 'alloc/pair', function: 2 },
    { name: 'lock/order', function: null },
  ],
  notes: ['an interrupt is a root of its own'],
};
