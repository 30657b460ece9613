/** The package as a user gets it: packed, installed into an empty folder without scripts, and used from there. */
import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type InstalledPackage, installPackage } from './install-package.ts'
import { type ProgramResult, runProgram } from './run-program.ts'

const tools = join(import.meta.dirname, '../../node_modules')

let installed: InstalledPackage
let manifest: Manifest
beforeAll(async () => {
  installed = await installPackage()
  manifest = JSON.parse(await readFile(join(installed.directory, 'package.json'), 'utf8'))
  await cp(join(installed.directory, 'examples'), installed.project, { recursive: true })
})
afterAll(async () => await installed?.[Symbol.asyncDispose]())

interface Manifest {
  readonly version: string
  readonly bin: Readonly<Record<string, string>>
  readonly files: readonly string[]
  readonly dependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
}

/** Runs a script of the user's project. */
const node = (...args: readonly string[]) => runProgram(process.execPath, args, installed.project)
const command = (...args: readonly string[]) =>
  runProgram(join(installed.project, 'node_modules/.bin/personascope'), args, installed.project)

async function script(name: string, text: string): Promise<ProgramResult> {
  await writeFile(join(installed.project, name), text)
  return await node(name)
}

describe('the tarball', () => {
  test('holds what package.json promises, and nothing that only this repository needs', () => {
    const { packed } = installed
    for (const pattern of manifest.files.filter(name => !name.startsWith('!'))) {
      const beginning = pattern.replace(/\*.*$/, '')
      expect(packed.some(path => path.startsWith(beginning))).toBe(true)
    }
    for (const path of Object.values(manifest.bin)) expect(packed).toContain(path)
    expect(packed).toContain('LICENSE')
    expect(
      packed.filter(
        path =>
          !/^(dist|assets|examples|docs)\/|^(LICENSE|README\.md|ARCHITECTURE\.md|CONTRIBUTING\.md|package\.json)$/.test(
            path,
          ),
      ),
    ).toEqual([])
    expect(
      packed.filter(path => /\.(test|case)\.|\.map$|(?<!\.d)\.ts$/.test(path) && !path.startsWith('examples/')),
    ).toEqual([])
  })

  test('has documents whose links lead to files in it', async () => {
    const broken: string[] = []
    for (const document of installed.packed.filter(path => path.endsWith('.md'))) {
      const text = await readFile(join(installed.directory, document), 'utf8')
      const links = [...text.matchAll(/\]\((?!\w+:|#)([^)#\s]+)/g)].map(match => match[1]!)
      for (const link of links) {
        if (!existsSync(join(installed.directory, dirname(document), link))) broken.push(`${document}: ${link}`)
      }
    }
    expect(broken).toEqual([])
  })

  test('satisfies publint', async () => {
    const publint = join(tools, 'publint/src/cli.js')
    const { code, stdout, stderr } = await node(publint, 'run', installed.tarball, '--strict')
    expect(code, stdout + stderr).toBe(0)
    expect(stdout).toContain('All good')
  })

  test('imports nothing but its dependencies and Node', async () => {
    const dependencies = new Set(Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }))
    const imported = new Set<string>()
    const foreign: string[] = []
    for (const path of installed.packed.filter(file => file.endsWith('.js'))) {
      const text = await readFile(join(installed.directory, path), 'utf8')
      const imports = /(?:^import|^import .*from|^} from|^export .*from|\bimport\() ?['"]([^'".;\n][^'"\n]*)['"]/gm
      for (const [, specifier] of text.matchAll(imports)) {
        const [, name] = /^(@[^/]+\/[^/]+|[^/]+)/.exec(specifier!)!
        imported.add(name!)
        if (!isBuiltin(specifier!) && !dependencies.has(name!)) foreign.push(`${path}: ${specifier}`)
      }
    }
    expect(foreign).toEqual([])
    expect([...imported]).toEqual(expect.arrayContaining(['koffi', 'commander', '@huggingface/jinja']))
  })
})

describe('the library', () => {
  test('exports what the sources export, and only through its front door', async () => {
    const { stdout } = await script('names.js', `console.log(Object.keys(await import('personascope')).sort().join())`)
    const sources = await import('../../src/workbench/index.ts')
    expect(stdout.trim().split(',')).toEqual(Object.keys(sources).sort())
    const facts = await script(
      'facts.js',
      `import facts from 'personascope/package.json' with { type: 'json' }
      console.log(facts.version)`,
    )
    expect(facts.stdout.trim()).toBe(manifest.version)
    const deep = await script('deep.js', `import 'personascope/dist/cli/main.js'`)
    expect(deep.stderr).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED')
  })

  test('type-checks strictly with its examples and the code in its documents', async () => {
    await mkdir(join(installed.project, 'documents'))
    for (const document of installed.packed.filter(path => path.endsWith('.md'))) {
      const text = await readFile(join(installed.directory, document), 'utf8')
      const blocks = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(match => match[1]!)
      for (const [index, block] of blocks.entries()) {
        if (!block.includes(`'personascope'`)) continue
        const name = `${document.replaceAll('/', '-')}-${index}.ts`
        await writeFile(join(installed.project, 'documents', name), block)
      }
    }
    // Each marked line must be an error: with types lost on the way, none of them would be one.
    await writeFile(
      join(installed.project, 'misuse.ts'),
      `import { asLayer, blockBefore, openModel, relativeNorm, type PersonaVector } from 'personascope'
declare const vector: PersonaVector
// @ts-expect-error: a model is named by a text
await openModel(7)
// @ts-expect-error: a block index is no layer
relativeNorm(vector, blockBefore(asLayer(3, 30)))
// @ts-expect-error: a vector is not to be changed
vector.blockCount = 7
`,
    )
    const compilerOptions = {
      module: 'nodenext',
      target: 'esnext',
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      types: ['node'],
      typeRoots: [join(tools, '@types')],
    }
    await writeFile(
      join(installed.project, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, include: ['*.ts', 'documents/*.ts'] }),
    )
    const { code, stdout } = await node(join(tools, 'typescript/bin/tsc'), '-p', '.')
    expect(stdout).toBe('')
    expect(code).toBe(0)
  })
})

describe('the command', () => {
  test('says its version', async () => {
    expect(await command('--version')).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' })
  })

  test('finds the traits that come with it', async () => {
    const { code, stdout } = await command('--json', 'trait', 'list')
    expect(code).toBe(0)
    const traits = JSON.parse(stdout) as { name: string; path: string }[]
    const files = await readdir(join(installed.directory, 'assets/traits'))
    expect(traits.map(({ name }) => name).sort()).toEqual(files.map(file => file.replace('.yaml', '')).sort())
  })

  test('finds the models it knows, and a llama.cpp that loads', async () => {
    const models = await command('--json', 'model', 'list')
    expect(models.stdout).toContain('smollm2-135m-instruct')
    const { code, stdout } = await command('doctor')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ok {2}llama\.cpp /m)
    expect(stdout).not.toMatch(/^!!/m)
  })
})

describe('the examples', () => {
  test('make a vector on the real model, and steer with it', async () => {
    const whole = parse(await readFile(join(installed.directory, 'assets/traits/joyful.yaml'), 'utf8'))
    const short = {
      ...whole,
      name: 'short',
      contrastivePrompts: whole.contrastivePrompts.slice(0, 1),
      extractionQuestions: whole.extractionQuestions.slice(0, 2),
    }
    // JSON is YAML too.
    await writeFile(join(installed.project, 'short.yaml'), JSON.stringify(short))
    const extracted = await node('01-extract.ts', 'short.yaml')
    expect(extracted.code, extracted.stderr).toBe(0)
    expect(extracted.stdout).toMatch(/layer \d+: 0\.\d+ of a token's length/)
    expect(existsSync(join(installed.project, '.personascope/vectors/smollm2-135m-instruct/short.safetensors'))).toBe(
      true,
    )

    const steered = await node('02-steer.ts', 'short')
    expect(steered.code, steered.stderr).toBe(0)
    const answers = [...steered.stdout.matchAll(/^--- dose (\S+) .*\n([\s\S]*?)(?=\n---|\n$)/gm)]
    expect(answers.map(([, dose]) => dose)).toEqual(['-0.15', '0', '0.15'])
    expect(new Set(answers.map(([, , text]) => text!.trim())).size).toBe(3)
  })

  test('run with an engine of the user’s own', async () => {
    const { code, stdout, stderr } = await node('06-bring-your-own-engine.ts')
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/^[1-9]\d* tokens written/)
  })
})

describe('a Node that is too old', () => {
  const old = findOldNode()

  test.skipIf(!old)('is named in one line by the command (needs an older Node on the PATH)', async () => {
    const main = join(installed.directory, manifest.bin['personascope']!)
    const { code, stdout, stderr } = await runProgram(old!, [main, 'doctor'], installed.project)
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toMatch(/^Personascope needs Node 22\.18 or newer, this is \d+\.\d+\.\d+ \(.*\)\..*\n$/)
  })

  test.skipIf(!old)('is named by the library (needs an older Node on the PATH)', async () => {
    await writeFile(join(installed.project, 'old.js'), `import('personascope').catch(error => console.log(error.code))`)
    const { stdout } = await runProgram(old!, ['old.js'], installed.project)
    expect(stdout).toBe('NODE_UNSUPPORTED\n')
  })
})

/** A Node on the PATH, or beside it, that is older than what the package needs. */
function findOldNode(): string | undefined {
  const candidates = (process.env['PATH'] ?? '').split(delimiter).map(folder => join(folder, 'node'))
  return candidates.find(path => {
    try {
      accessSync(path, constants.X_OK)
      const [, major] = /^v(\d+)\./.exec(execFileSync(path, ['--version'], { encoding: 'utf8' })) ?? []
      return Number(major) < 22
    } catch {
      return false
    }
  })
}
