// `synos doctor`: what this machine has, what it lacks and the command that mends it; which accelerators really run a guest.
import { statfsSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import type { Tool } from '../../core/action.ts';
import { find, run } from '../../core/exec.ts';
import { failureOf, SynosError } from '../../core/failure.ts';
import { explain } from '../../core/failure-table.ts';
import { visibleUpTo } from '../../core/text.ts';
import { bytes } from '../../core/words.ts';
import { bootAbilities } from '../../qemu/actions.ts';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { actionsFor } from '../plan/catalogue.ts';
import { pipeline } from '../plan/pipeline.ts';
import { styleFor, writeErr, writeOut } from '../ui/output.ts';
import type { Options } from './build.ts';
import type { Flags } from './flags.ts';
import { layersOf } from './session.ts';

type Check = {
  name: string;
  status: 'ok' | 'warning' | 'missing';
  detail: string;
  mend: string | null;
  package?: string;
};

const leastDiskBytes = 6 * 2 ** 30;
const leastMemoryBytes = 2 * 2 ** 30;

export async function doctor(flags: Flags, _args: readonly string[], options: Options): Promise<number> {
  const loaded = loadConfig(layersOf(flags));
  let checks = await examine(loaded);
  const packages = [
    ...new Set(
      checks.flatMap((check) => (check.status === 'missing' && check.package ? [check.package] : [])),
    ),
  ];
  if (options['fix'] === true && packages.length > 0) {
    await install(packages);
    checks = await examine(loaded);
  }
  const ok = checks.every((check) => check.status !== 'missing');
  if (flags.json) {
    writeOut(
      JSON.stringify({
        schema: 'synos.doctor/1',
        ok,
        checks: checks.map(({ name, status, detail, mend }) => ({ name, status, detail, mend })),
      }),
    );
  } else {
    const style = styleFor(process.stdout);
    const marks = {
      ok: style.good('ok     '),
      warning: style.warn('warning'),
      missing: style.bad('missing'),
    };
    const wide = Math.max(...checks.map((check) => check.name.length));
    for (const { name, status, detail, mend } of checks) {
      writeOut(
        `${marks[status]} ${name.padEnd(wide)}  ${detail}${mend === null ? '' : `\n        ${' '.repeat(wide)}  mend: ${mend}`}`,
      );
    }
  }
  return ok ? 0 : 4;
}

async function examine(loaded: LoadedConfig): Promise<Check[]> {
  const [tools, machine] = await Promise.all([toolChecks(loaded), bootChecks()]);
  return [
    { name: 'node', status: 'ok', detail: process.version, mend: null },
    ...tools,
    ...machine,
    ...resourceChecks(loaded.tree),
  ];
}

/** The programs that building this very configuration would run. */
async function toolChecks(loaded: LoadedConfig): Promise<Check[]> {
  const checks: Check[] = [];
  const tools = new Map<string, Tool>();
  for (const target of ['kernel', 'iso'] as const) {
    try {
      const { plan } = pipeline(loaded, { targets: [target] });
      const actions = await actionsFor(plan);
      for (const task of plan.tasks.values()) {
        const action = actions.get(task.kind);
        for (const tool of action?.tools(action.parse(task.params)) ?? []) tools.set(tool.name, tool);
      }
    } catch (error) {
      const { message, next } = explain(failureOf(error));
      checks.push({ name: target, status: 'warning', detail: message, mend: next ?? null });
    }
  }
  return [...checks, ...(await Promise.all([...tools.values()].map(toolCheck)))];
}

async function toolCheck(tool: Tool): Promise<Check> {
  const path = find(tool.name);
  if (path === undefined) {
    return {
      name: tool.name,
      status: 'missing',
      detail: 'not installed',
      mend: `apt-get install ${tool.package}`,
      package: tool.package,
    };
  }
  if (tool.version.length === 0) return { name: tool.name, status: 'ok', detail: path, mend: null };
  const { stdout, stderr } = await run({ argv: [path, ...tool.version], limitMs: 10_000 });
  const line = `${stdout}\n${stderr}`.split('\n').find((text) => text.trim() !== '') ?? path;
  return { name: tool.name, status: 'ok', detail: visibleUpTo(line.trim(), 70), mend: null };
}

async function bootChecks(): Promise<Check[]> {
  const { qemu, firmware, accelerators } = await bootAbilities();
  const lacks = (what: string): Pick<Check, 'mend' | 'package'> => ({
    mend: `apt-get install ${what}`,
    package: what,
  });
  const found = (path: string | null, what: string): Pick<Check, 'status' | 'mend' | 'package'> =>
    path === null ? { status: 'missing', ...lacks(what) } : { status: 'ok', mend: null };
  return [
    qemu.tooOld
      ? {
          name: 'qemu',
          detail: `${qemu.version}, and at least ${qemu.least} is needed`,
          status: 'missing',
          mend: 'install a newer qemu-system-x86, or put one on PATH',
        }
      : { name: 'qemu', detail: qemu.version ?? 'not installed', ...found(qemu.path, qemu.package) },
    ...(qemu.path === null ? [] : qemuChecks(qemu)),
    ...firmware.map((file) => ({
      name: file.name,
      detail: file.path ?? 'not installed',
      ...found(file.path, file.package),
    })),
    ...accelerators.map(
      ({ name, runs, reason }): Check => ({
        name: `accelerator ${name}`,
        // Without KVM everything works, only slower; without TCG there are no exact runs.
        status: runs ? 'ok' : name === 'kvm' ? 'warning' : 'missing',
        detail: runs ? 'a probe guest ran in it' : reason,
        mend: null,
      }),
    ),
  ];
}

function qemuChecks({ boards, differences }: Awaited<ReturnType<typeof bootAbilities>>['qemu']): Check[] {
  const gone = boards.filter(({ there }) => !there).map(({ name }) => name);
  const untried = differences.some((text) => text.startsWith('not tried'));
  return [
    {
      name: 'boards',
      status: gone.length > 0 ? 'warning' : 'ok',
      detail: gone.length > 0 ? `without ${gone.join(', ')}` : boards.map(({ name }) => name).join(', '),
      mend: gone.length > 0 ? 'use another `machine`, or install a QEMU that has it' : null,
    },
    ...(differences.length > 0
      ? [
          {
            name: 'qemu version',
            status: untried ? 'warning' : 'ok',
            detail: differences.join('; '),
            mend: null,
          } as const,
        ]
      : []),
  ];
}

function resourceChecks(tree: string): Check[] {
  const { bavail, bsize } = statfsSync(tree);
  const free = bavail * bsize;
  return [
    { name: 'processors', status: 'ok', detail: String(availableParallelism()), mend: null },
    {
      name: 'memory',
      status: totalmem() < leastMemoryBytes ? 'warning' : 'ok',
      detail: bytes(totalmem()),
      mend: totalmem() < leastMemoryBytes ? `at least ${bytes(leastMemoryBytes)} are wanted; use -j 1` : null,
    },
    {
      name: 'disk',
      status: free < leastDiskBytes ? 'warning' : 'ok',
      detail: `${bytes(free)} free at ${tree}`,
      mend:
        free < leastDiskBytes ? `an image takes up to ${bytes(leastDiskBytes)}; synos clean --cache` : null,
    },
  ];
}

async function install(packages: readonly string[]): Promise<void> {
  const command = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (process.getuid?.() !== 0) {
    throw new SynosError({
      code: 'resource.short',
      what: 'the right to install packages',
      needed: 'root',
      present: `user ${process.getuid?.()}; run: sudo sh -c '${command}'`,
    });
  }
  for (const argv of [
    ['apt-get', 'update'],
    ['apt-get', 'install', '-y', '--no-install-recommends', ...packages],
  ] as const) {
    const { exit, stderr } = await run({
      argv,
      env: { DEBIAN_FRONTEND: 'noninteractive' },
      onLine: (line) => writeErr(visibleUpTo(line, 200)),
    });
    if (exit !== 0) {
      throw new SynosError({
        code: 'resource.short',
        what: argv.slice(0, 2).join(' '),
        needed: 'success',
        present: `exit ${exit}: ${visibleUpTo(stderr.trim(), 300)}`,
      });
    }
  }
}
