import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // Generous: on a busy machine a test may wait long for a core.
          testTimeout: 30_000,
          hookTimeout: 30_000,
          include: [
            'src/**/*.test.ts',
            'test/architecture/**/*.test.ts',
            'test/docs/**/*.test.ts',
            'test/experiment/**/*.test.ts',
            'test/server/**/*.test.ts',
            'test/vector-formats/**/*.test.ts',
            'test/screening/**/*.test.ts',
          ],
        },
      },
      {
        test: {
          name: 'real',
          include: ['test/real/**/*.test.ts'],
          globalSetup: ['test/real/prepare-models.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          // One engine at a time: each takes all cores.
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'cli',
          include: ['test/cli/**/*.test.ts'],
          globalSetup: ['test/real/prepare-models.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'verify',
          include: ['test/verify/**/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          fileParallelism: false,
        },
      },
      {
        test: { name: 'package', include: ['test/package/**/*.test.ts'], testTimeout: 300_000, hookTimeout: 300_000 },
      },
    ],
  },
})
