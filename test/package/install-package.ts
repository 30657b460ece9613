import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runProgram } from './run-program.ts'

const root = join(import.meta.dirname, '../..')

export interface InstalledPackage extends AsyncDisposable {
  readonly tarball: string
  /** Paths of all files in the tarball, from the package's own folder on. */
  readonly packed: readonly string[]
  /** The folder of a user's project that has this package and nothing else. */
  readonly project: string
  /** Where the package lies in it. */
  readonly directory: string
}

/** Packs this repository and installs the tarball into an empty folder, as a careful user would: no scripts are run. */
export async function installPackage(): Promise<InstalledPackage> {
  const folder = await mkdtemp(join(tmpdir(), 'personascope-package-'))
  const project = join(folder, 'project')
  await mkdir(project)
  await mustRun('npm', ['pack', '--pack-destination', folder], root)
  const tarball = join(folder, (await readdir(folder)).find(name => name.endsWith('.tgz'))!)
  await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }\n')
  // What the repository itself was installed from is in npm's cache: no network is needed for it again.
  const quietly = ['--prefer-offline', '--no-audit', '--no-fund']
  await mustRun('npm', ['install', '--ignore-scripts', '--omit=dev', ...quietly, tarball], project)
  const packed = (await mustRun('tar', ['-tzf', tarball], folder)).trim().split('\n')
  return {
    tarball,
    packed: packed.map(path => path.replace(/^package\//, '')),
    project,
    directory: join(project, 'node_modules/personascope'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

async function mustRun(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await runProgram(program, args, cwd)
  if (code !== 0) throw new Error(`${program} ${args[0]} ended with ${code}:\n${stdout}\n${stderr}`)
  return stdout
}
