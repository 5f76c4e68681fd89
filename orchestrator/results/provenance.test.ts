import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../core/exec.ts';
import { type ContainerSigns, containerHint, gitFacts, hostFacts, parseGitStatus } from './provenance.ts';

const git = async (cwd: string, ...words: string[]): Promise<void> => {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'init.defaultBranch=trunk'];
  const { exit, stderr } = await run({ argv: ['git', ...identity, ...words], cwd });
  expect(stderr + exit).toMatch(/0$/);
};

describe('git', () => {
  const folders: string[] = [];
  const repository = async (): Promise<string> => {
    const folder = mkdtempSync(join(tmpdir(), 'synos-git-'));
    folders.push(folder);
    await git(folder, 'init', '-q');
    return folder;
  };
  let clean: string;
  beforeAll(async () => {
    clean = await repository();
    writeFileSync(join(clean, 'a'), 'a');
    await git(clean, 'add', 'a');
    await git(clean, 'commit', '-qm', 'first');
  });
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });

  it('tells commit and branch of a clean tree, and asks once', async () => {
    const facts = await gitFacts(clean);
    expect(facts).toEqual({ commit: expect.stringMatching(/^[0-9a-f]{40}$/), branch: 'trunk', dirty: false });
    writeFileSync(join(clean, 'untracked'), '');
    expect(await gitFacts(clean)).toBe(facts);
  });

  it('calls a tree dirty for an untracked file and for a changed one', async () => {
    const folder = await repository();
    writeFileSync(join(folder, 'a'), 'a');
    await git(folder, 'add', 'a');
    await git(folder, 'commit', '-qm', 'first');
    writeFileSync(join(folder, 'b'), 'b');
    expect((await gitFacts(folder))?.dirty).toBe(true);
    expect((await gitFacts(`${folder}/.`))?.dirty).toBe(true);
  });

  it('is null outside a repository and before the first commit', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'synos-git-'));
    folders.push(folder);
    expect(await gitFacts(folder)).toBeNull();
    expect(await gitFacts(join(folder, 'not there'))).toBeNull();
    expect(await gitFacts(await repository())).toBeNull();
  });

  it('is read with a detached head, and with text that is hostile', () => {
    const oid = 'ab'.repeat(20);
    expect(parseGitStatus(`# branch.oid ${oid}\n# branch.head (detached)\n`)).toEqual({
      commit: oid,
      branch: null,
      dirty: false,
    });
    expect(parseGitStatus(`# branch.oid ${oid}\n# branch.head a\x1b[31m\n1 .M N...\n`)).toEqual({
      commit: oid,
      branch: 'a\\x1b[31m',
      dirty: true,
    });
    expect(parseGitStatus('# branch.oid (initial)\n# branch.head main\n')).toBeNull();
  });
});

describe('the host', () => {
  it('is described from what this machine says', () => {
    const host = hostFacts();
    expect(host.cores).toBeGreaterThan(0);
    expect(host.memoryMib).toBeGreaterThan(100);
    expect(host.kernel).toMatch(/^Linux \d/);
    expect(host.cpuModel).not.toBe('');
    expect(hostFacts()).toBe(host);
  });

  const bare: ContainerSigns = {
    exists: () => false,
    environ: '',
    cgroup: '0::/init.scope',
    hypervisor: false,
    product: '',
  };
  it.each<[string, Partial<ContainerSigns>, string | null]>([
    ['bare metal', {}, null],
    ['docker by its marker', { exists: (path) => path === '/.dockerenv' }, 'docker'],
    ['podman by its marker', { exists: (path) => path === '/run/.containerenv' }, 'podman'],
    ['what process 1 was told', { environ: 'PATH=/bin\0container=lxc\0A=b' }, 'lxc'],
    ['a cgroup of kubernetes', { cgroup: '0::/kubepods/besteffort/pod1' }, 'kubepods'],
    ['a virtual machine', { hypervisor: true, product: 'KVM' }, 'vm: KVM'],
    ['a virtual machine that does not say which', { hypervisor: true }, 'vm'],
  ])('tells %s', (_name, signs, expected) => {
    expect(containerHint({ ...bare, ...signs })).toBe(expected);
  });
});
