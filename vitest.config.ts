// Unit tests lie beside the code; what boots machines or runs the whole command lies in tests/ and waits for the build once.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{core,kernel/toolchain,iso,qemu,orchestrator,tests}/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
