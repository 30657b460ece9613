import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Vitest would leave one core idle. */
const allCores = '100%'

/** They wait for processes of one core: several at once, and beside unit tests. */
const commandsWithoutModel = ['ratings', 'soak', 'trait-new', 'traits', 'vector-formats'].map(
  name => `test/cli/${name}.test.ts`,
)

/** What waits longest begins first. */
class CommandsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isCommand = ({ project }: TestSpecification) => Number(project.name === 'commands')
    return (await super.sort(files)).sort((a, b) => isCommand(b) - isCommand(a))
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: CommandsFirst },
    projects: [
      {
        test: {
          name: 'unit',
          // Generous: on a busy machine a test may wait long for a core.
          testTimeout: 30_000,
          hookTimeout: 30_000,
          maxWorkers: allCores,
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
          name: 'commands',
          include: commandsWithoutModel,
          testTimeout: 240_000,
          hookTimeout: 240_000,
          maxWorkers: allCores,
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
          exclude: commandsWithoutModel,
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
