// Unit tests lie beside the code; what boots machines or runs the whole command lies in tests/ and waits for the build once.
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Half a minute and more each: with one of them begun last, the other processor would wait for it. */
const longest = ['tests/kill-build', 'tests/examples', 'tests/kernel-elf', 'iso/root', 'tests/boot-soak'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean =>
      longest.some((name) => moduleId.endsWith(`/${name}.test.ts`));
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    include: ['{core,kernel/toolchain,iso,qemu,orchestrator,tests}/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
  },
});
