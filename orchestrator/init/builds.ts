// The other build systems: CMake, meson, cargo, a script; files that are built already; and sources without any.
import { dirname } from 'node:path';
import {
  type Candidate,
  type Outputs,
  outputNamed,
  partsLast,
  programsIn,
  projectPath,
  usesNetwork,
} from './candidate.ts';
import { writes } from './make.ts';
import { qemuLines, readQemuLine } from './qemu-line.ts';
import type { Survey } from './survey.ts';

export function byCmake(survey: Survey): Candidate | undefined {
  const path = 'CMakeLists.txt';
  if (!survey.has(path)) return undefined;
  const all = survey.find(/(?:^|\/)CMakeLists\.txt$/);
  const made = all.flatMap((file) =>
    [...survey.text(file).matchAll(/add_executable\s*\(\s*([\w.${}-]+)/g)].map(([, name]) => ({
      file,
      name: name ?? '',
    })),
  )[0];
  const project = /project\s*\(\s*([\w.-]+)/i.exec(survey.text(path))?.[1] ?? 'kernel';
  const name = made?.name.replace(/\$\{(?:CMAKE_)?PROJECT_NAME\}/, project) ?? 'kernel';
  const suffix =
    /SUFFIX\s+"?(\.\w+)/.exec(survey.text(made?.file ?? path))?.[1] ??
    /CMAKE_EXECUTABLE_SUFFIX[^)]*?"(\.\w+)"/.exec(survey.text(path))?.[1] ??
    '';
  const kernel = projectPath(`build/${dirname(made?.file ?? path)}`, `${name}${suffix}`);
  const iso = /([\w./-]+\.iso)\b/.exec(all.map((file) => survey.text(file)).join('\n'))?.[1];
  const chain = survey
    .find(/\.cmake$/)
    .find((file) => /CMAKE_SYSTEM_NAME\s+Generic|CMAKE_C_COMPILER/.test(survey.text(file)));
  const configure = `cmake -S . -B build${chain ? ` -DCMAKE_TOOLCHAIN_FILE=${chain}` : ''}`;
  return {
    name: path,
    dir: '.',
    command: ['sh', '-c', `${configure} && cmake --build build`],
    outputs: {
      ...(kernel ? { kernel } : {}),
      ...(iso ? { iso: projectPath('build', iso.replace(/^.*\//, '')) ?? '' } : {}),
    },
    tools: ['cmake'],
    network: all.some((file) => /FetchContent|ExternalProject/.test(survey.text(file))),
    because: [
      {
        path: 'kernel.command',
        why: `${path} is there${chain ? `, and ${chain} describes the compiler` : ''}`,
      },
      {
        path: 'kernel.outputs.kernel',
        why: made ? `${made.file}: add_executable(${made.name})` : 'a usual name; nothing says it',
      },
    ],
    open: made ? [] : ['which file cmake makes: kernel.outputs'],
  };
}

export function byMeson(survey: Survey): Candidate | undefined {
  const path = 'meson.build';
  if (!survey.has(path)) return undefined;
  const made = survey.find(/(?:^|\/)meson\.build$/).flatMap((file) =>
    [...survey.text(file).matchAll(/\bexecutable\s*\(\s*'([^']+)'/g)].map(([, name]) => ({
      file,
      name: name ?? '',
    })),
  )[0];
  const cross = survey
    .find(/cross[^/]*\.(?:ini|txt|cross)$|(?:^|\/)cross\/|\.(?:cross|ini)$/)
    .find((file) => /\[(?:binaries|host_machine)\]/.test(survey.text(file)));
  const kernel = projectPath(`build/${dirname(made?.file ?? path)}`, made?.name ?? 'kernel.elf');
  return {
    name: path,
    dir: '.',
    command: [
      'sh',
      '-c',
      `meson setup${cross ? ` --cross-file ${cross}` : ''} build && meson compile -C build`,
    ],
    outputs: kernel ? { kernel } : {},
    tools: ['meson', 'ninja'],
    network: survey.find(/^subprojects\/.*\.wrap$/).length > 0,
    because: [
      {
        path: 'kernel.command',
        why: `${path} is there${cross ? `, and ${cross} describes the machine` : ''}`,
      },
      {
        path: 'kernel.outputs.kernel',
        why: made ? `${made.file}: executable('${made.name}')` : 'a usual name; nothing says it',
      },
    ],
    open: made ? [] : ['which file meson makes: kernel.outputs'],
  };
}

export function byCargo(survey: Survey): Candidate | undefined {
  const manifests = survey.find(/(?:^|\/)Cargo\.toml$/);
  const root = manifests[0];
  const path =
    manifests.find((file) => /^\s*name\s*=/m.test(survey.text(file)) && hasProgram(survey, file)) ?? root;
  if (root === undefined || path === undefined) return undefined;
  const dir = dirname(root);
  const name = programOf(survey.text(path));
  const { config, settings, target } = cargoSettings(survey);
  const bootimage = isBootimage(settings + survey.text(path));
  const folder = `target/${target === undefined ? '' : `${target}/`}release`;
  const output = bootimage ? 'disk' : 'kernel';
  const network = fetches(survey, dir, path) && !/replace-with|directory\s*=/.test(settings);
  const named = target === undefined ? '' : `, ${config} the target ${target}`;
  return {
    name: root,
    dir,
    command: [
      ...['cargo', bootimage ? 'bootimage' : 'build', '--release'],
      ...(path === root ? [] : ['-p', name]),
    ],
    outputs: { [output]: projectPath(dir, `${folder}/${bootimage ? `bootimage-${name}.bin` : name}`) ?? '' },
    tools: ['cargo', 'rustc'],
    network,
    because: [
      {
        path: 'kernel.command',
        why: `${root} is there${bootimage ? ', and bootimage makes its disk' : ''}`,
      },
      { path: `kernel.outputs.${output}`, why: `${path} names ${name}${named}` },
      ...(network ? [{ path: 'kernel.network', why: 'it has dependencies that cargo fetches' }] : []),
    ],
    open: /build-std/.test(settings)
      ? [`${config} wants build-std: cargo and rustc must be nightly ones`]
      : [],
  };
}

function programOf(manifest: string): string {
  const bin = /\[\[bin\]\][^[]*?name\s*=\s*"([^"]+)"/s.exec(manifest)?.[1];
  return bin ?? /\[package\][^[]*?name\s*=\s*"([^"]+)"/s.exec(manifest)?.[1] ?? 'kernel';
}

function cargoSettings(survey: Survey): { config: string; settings: string; target: string | undefined } {
  const config = survey.find(/(?:^|\/)\.cargo\/config(?:\.toml)?$/)[0];
  if (config === undefined) return { config: '', settings: '', target: undefined };
  const settings = survey.text(config);
  const target = /^\s*target\s*=\s*"([^"]+)"/m.exec(settings)?.[1];
  return { config, settings, target: target?.replace(/^.*\//, '').replace(/\.json$/, '') };
}

const isBootimage = (text: string): boolean =>
  /bootimage/.test(text) || /^\s*bootloader\s*=\s*(?:\{[^}]*version\s*=\s*)?"0\.(?:9|10)/m.test(text);

function fetches(survey: Survey, dir: string, manifest: string): boolean {
  const lock = survey.text(`${dir === '.' ? '' : `${dir}/`}Cargo.lock`);
  return (
    /^source\s*=\s*"(?:registry|git)/m.test(lock) || /\[dependencies\]\s*\n\s*\w/.test(survey.text(manifest))
  );
}

const hasProgram = (survey: Survey, manifest: string): boolean =>
  survey.has(manifest.replace(/Cargo\.toml$/, 'src/main.rs')) || /\[\[bin\]\]/.test(survey.text(manifest));

const scriptName =
  /^(?:scripts\/|tools\/)?(?:build|make|mk|mkiso|make[-_]?iso|build[-_]?iso|compile|iso)(?:[-_.]?\w*)?\.(?:sh|bash|py)$|^build$/;

export function byScript(survey: Survey, boots: ReadonlySet<string>): Candidate | undefined {
  const path = survey.find(scriptName)[0];
  if (path === undefined) return undefined;
  const text = survey.text(path);
  // With the scripts that it runs.
  const others = survey.find(/\.(?:sh|bash)$/).filter((other) => other !== path && text.includes(other));
  const lines = [path, ...others].flatMap((file) =>
    survey
      .text(file)
      .replace(/\\\n\s*/g, ' ')
      .split('\n'),
  );
  const outputs: Outputs = {};
  const place = (name: keyof Outputs | undefined, file: string | undefined): void => {
    if (name !== undefined && file !== undefined) outputs[name] ??= file;
  };
  for (const words of survey.find(/\.(?:sh|bash)$|^run$/).flatMap((file) => qemuLines(survey.text(file)))) {
    const line = readQemuLine(words);
    for (const name of ['kernel', 'iso', 'disk', 'initrd'] as const)
      place(name, projectPath('.', line[name]));
  }
  for (const file of partsLast(lines.flatMap(writes))) {
    const whole = projectPath('.', file.replace(/"/g, ''));
    place(whole === undefined ? undefined : outputNamed(whole, boots), whole);
  }
  const shell = path.endsWith('.py') ? 'python3' : /^#!.*bash/.test(text) ? 'bash' : 'sh';
  return {
    name: path,
    dir: '.',
    command: [shell, path],
    outputs,
    tools: programsIn(lines),
    network: usesNetwork(lines),
    because: [
      { path: 'kernel.command', why: `${path} is there` },
      ...Object.keys(outputs).map((name) => ({
        path: `kernel.outputs.${name}`,
        why: `${path}, or a script that starts QEMU, names it`,
      })),
    ],
    open: [],
  };
}

/** Images that lie in the repository. */
export function byFiles(survey: Survey): Candidate | undefined {
  const outputs: Outputs = {};
  const iso = survey.find(/\.iso$/i)[0];
  const linux = survey.find(/(?:^|\/)(?:vmlinuz|bzImage)[^/]*$/)[0];
  const initrd = survey.find(/(?:^|\/)(?:initrd|initramfs)[^/]*$|\.cpio(?:\.\w+)?$/)[0];
  if (iso !== undefined) outputs.iso = iso;
  if (linux !== undefined) outputs.kernel = linux;
  if (linux !== undefined && initrd !== undefined) outputs.initrd = initrd;
  if (iso === undefined && linux === undefined) return undefined;
  const because = Object.entries(outputs).map(([name, path]) => ({
    path: `kernel.outputs.${name}`,
    why: `${path} is there`,
  }));
  return { name: iso ?? linux ?? '', dir: '.', outputs, tools: [], network: false, because, open: [] };
}

/** C and assembly with a linker script and no build: SynOS compiles them. */
export function bySources(survey: Survey): Candidate | undefined {
  const script = survey.find(/\.lds?$|\.lds\.S$/)[0];
  const units = survey.find(/\.[cS]$/);
  if (script === undefined || units.length === 0) return undefined;
  const top = dirname(script);
  const dir = units.every((unit) => top === '.' || unit.startsWith(`${top}/`)) ? top : '.';
  const include = [
    ...new Set(
      survey.find(/(?:^|\/)include\/.*\.h$/).map((path) => path.replace(/((?:^|\/)include)\/.*$/, '$1')),
    ),
  ];
  const within = (path: string): string => (dir === '.' ? path : path.slice(dir.length + 1));
  const asm = survey.find(/\.(?:asm|nasm|s)$/);
  return {
    name: script,
    dir,
    sources: { dir, linkerScript: within(script), include: include.map(within) },
    outputs: {},
    tools: [],
    network: false,
    because: [{ path: 'kernel.linkerScript', why: `${script} is there, and no build that uses it` }],
    open: [
      'SynOS compiles with -Wall -Wextra -Werror, freestanding, without vector registers: use `kind: command` where that does not do',
      ...(asm.length > 0 ? [`${asm[0]} is not compiled: SynOS takes .c and .S files only`] : []),
    ],
  };
}
