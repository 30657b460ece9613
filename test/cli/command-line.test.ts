/** The command as a user meets it: what it prints, where, and what it ends with. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { modelFile } from '../real/models.ts'
import { errorLines, runCommand } from './run-command.ts'

const smol = modelFile('smollm2-135m-instruct', 'Q8_0')
const gemma = modelFile('gemma-3-270m', 'Q8_0')
/** The measured choice would take a while on a machine that has not been measured. */
const engine = ['--contexts', '2', '--threads', '1']

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
})
afterAll(async () => await rm(folder, { recursive: true }))

const run = (args: readonly string[], options: Parameters<typeof runCommand>[1] = {}) =>
  runCommand(args, { cwd: folder, ...options })

/** One line that says what is wrong, a documented exit code, no stack trace. */
async function expectRefusal(
  args: readonly string[],
  code: number,
  message: RegExp,
  options: Parameters<typeof runCommand>[1] = {},
) {
  const result = await run(args, options)
  expect({ code: result.code, lines: errorLines(result).length }, result.stderr).toEqual({ code, lines: 1 })
  expect(errorLines(result)[0]).toMatch(message)
  expect(result.stderr).not.toMatch(/\n\s+at /)
}

/** A trait small enough to extract in seconds. */
const trait = `name: tiny
description: For tests.
contrastivePrompts:
  - { positive: You are cheerful., negative: You are gloomy. }
extractionQuestions: [How are you?, What is new?]
evaluationQuestions: [Where do birds sleep?, Who repaired this bicycle?]
rubric: 'How cheerful is the answer {answer} to {question}, from 0 to 100?'
ladder:
  - { level: -1, prompt: Sigh a lot. }
  - { level: 0, prompt: You are a helpful assistant. }
  - { level: 1, prompt: Smile a lot. }
`

describe('help', () => {
  test('of the program and of every command ends with 0', async () => {
    for (const args of [
      ['--help'],
      ['model', 'pull', '--help'],
      ['vector', 'extract', '--help'],
      ['generate', '--help'],
    ]) {
      const { code, stdout } = await run(args)
      expect(code).toBe(0)
      expect(stdout).toContain('Usage: personascope')
    }
  })
})

describe('a vector and steering with it', () => {
  test('from extraction to steered answers', async () => {
    await writeFile(join(folder, 'tiny.yaml'), trait)
    const extract = ['vector', 'extract', 'tiny.yaml', '--judge', 'none', '--max-tokens', '12', ...engine]
    const first = await run(extract)
    expect(first.code, first.stderr).toBe(0)
    expect(first.stdout).toContain('UNFILTERED')
    expect(first.stdout).toContain('6 of 6 pairs')
    const again = await run(['--json', ...extract])
    expect(again.stderr).toContain('12 of 12 answers were there from an earlier run')
    const { path, layers, defaultLayer } = JSON.parse(again.stdout)
    expect(await readdir(join(folder, '.personascope/vectors/smollm2-135m-instruct'))).toEqual([
      'tiny.safetensors',
      'tiny.svg',
    ])
    expect(path).toContain('tiny.safetensors')
    expect(layers).toHaveLength(31)

    const ask = ['generate', '--prompt', 'How are you?', '--max-tokens', '12', '--temperature', '0', ...engine]
    const plain = await run(ask)
    const steered = await run([...ask, '--steer', 'tiny=25'])
    expect(steered.code, steered.stderr).toBe(0)
    expect(steered.stderr).toMatch(new RegExp(`tiny at layer ${defaultLayer}, coefficient 25.000, relative dose`))
    expect(steered.stdout).not.toBe(plain.stdout)

    const dosed = await run(['--json', ...ask, '--steer', 'tiny@12=-0.5', '--dose'])
    const [report] = JSON.parse(dosed.stdout).steering
    expect(report).toMatchObject({ vector: 'tiny', layer: 12, dose: expect.closeTo(-0.5, 6) })
    expect(report.steeredPositions).toBeGreaterThan(12)

    const compared = await run([...ask, '--steer', 'tiny=25', '--compare'])
    expect(compared.stdout).toContain('without steering')
    expect(compared.stdout).toContain(plain.stdout.trim().split(/\s+/)[0])

    const nothing = await run([...ask, '--steer', 'tiny=0'])
    expect(nothing.stderr).toContain('changed nothing measurable')
    expect(nothing.stdout).toBe(plain.stdout)

    await expectRefusal([...ask, '--steer', 'sad=1'], 2, /No vector "sad" for smollm2-135m-instruct.*There are: tiny/)
    await expectRefusal([...ask, '--steer', 'tiny@31=1'], 2, /Expected layer 1\.\.30 of smollm2-135m-instruct, got 31/)
    await expectRefusal([...ask, '--steer', 'tiny@0=1'], 2, /layer 0 is the token embedding/)
    await expectRefusal([...ask, '--steer', 'tiny'], 2, /Expected steering as/)
    const onGemma = [
      '--model',
      `file:${gemma.path}`,
      'generate',
      '--raw',
      '--prompt',
      'x',
      ...engine,
      '--steer',
      `${path}=1`,
    ]
    await expectRefusal(
      onGemma,
      2,
      /was made on smollm2-135m-instruct \(30 blocks of 576\), the model in use is .* \(18 blocks of 640\)/,
    )
  })

  test('Ctrl-C leaves a run that the same command finishes, with the same bytes', async () => {
    // 120 answers: two parts.
    const questions = Array.from({ length: 60 }, (_, index) => `What about number ${index}?`)
    await writeFile(
      join(folder, 'longer.yaml'),
      trait.replace('tiny', 'longer').replace('[How are you?, What is new?]', JSON.stringify(questions)),
    )
    const extract = (workspace: string) => [
      '--workspace',
      workspace,
      'vector',
      'extract',
      'longer.yaml',
      '--judge',
      'none',
      '--max-tokens',
      '4',
      ...engine,
    ]
    let watch: NodeJS.Timeout | undefined
    let sent = false
    const interrupted = await run(extract('stopped'), {
      onStart: child => {
        watch = setInterval(async () => {
          const files = await readdir(join(folder, 'stopped'), { recursive: true }).catch(() => [])
          if (!files.some(file => file.endsWith('rollouts-0000.jsonl'))) return
          clearInterval(watch)
          if (!sent) child.kill('SIGINT')
          sent = true
        }, 20)
      },
    })
    clearInterval(watch)
    expect(interrupted).toMatchObject({ code: 130, stderr: expect.stringContaining('Run the same command again') })
    expect((await run(extract('stopped'))).code).toBe(0)
    expect((await run(extract('whole'))).code).toBe(0)
    const bytes = async (workspace: string) => {
      const content = await readFile(join(folder, workspace, 'vectors/smollm2-135m-instruct/longer.safetensors'))
      return content.subarray(Number(content.readBigUInt64LE()) + 8)
    }
    expect((await bytes('stopped')).equals(await bytes('whole'))).toBe(true)
    const leftovers = (await readdir(join(folder, 'stopped'), { recursive: true })).filter(file =>
      /\.part$|in-use/.test(file),
    )
    expect(leftovers).toEqual([])
  })
})

describe('asking a model', () => {
  test('writes the answer to standard output and nothing else there', async () => {
    const ask = [
      'generate',
      '--prompt',
      'What is the capital of France?',
      '--system',
      'You are a teacher.',
      '--temperature',
      '0',
      ...engine,
    ]
    const { stdout, code } = await run(ask)
    expect(code).toBe(0)
    const { text } = JSON.parse((await run(['--json', ...ask])).stdout)
    expect(stdout).toBe(`${text}\n`)
  })

  test('obeys a grammar', async () => {
    const { stdout } = await run([
      'generate',
      '--prompt',
      'Is snow cold?',
      '--grammar',
      'root ::= "yes" | "no"',
      ...engine,
    ])
    expect(['yes\n', 'no\n']).toContain(stdout)
  })

  test('of a base model needs --raw', async () => {
    const model = ['--model', `file:${gemma.path}`]
    await expectRefusal([...model, 'generate', '--prompt', 'Hello', ...engine], 2, /has no chat template.*--raw/)
    const raw = await run([
      ...model,
      'generate',
      '--raw',
      '--prompt',
      'One, two, three,',
      '--max-tokens',
      '4',
      '--temperature',
      '0',
      ...engine,
    ])
    expect(raw.stdout).toMatch(/four/)
  })
})

describe('wrong input is answered in one line', () => {
  const ask = ['generate', '--prompt', 'x', ...engine]

  test('an unknown command, option or value', async () => {
    await expectRefusal(['vector', 'extrat'], 2, /unknown command/)
    await expectRefusal(['doctor', '--jsn'], 2, /unknown option/)
    await expectRefusal(['generate'], 2, /--prompt/)
    await expectRefusal(
      ['generate', '--prompt', 'x', '--max-tokens', 'many'],
      2,
      /Expected --max-tokens to be a whole number of 1 or more, got "many"/,
    )
    await expectRefusal(['generate', '--prompt', 'x', '--positions', 'everywhere'], 2, /all, prompt, response/)
  })

  test('an unknown model', async () => {
    await expectRefusal(['--model', 'smollm', ...ask], 2, /got "smollm"\. The catalogue has: .*smollm2-135m-instruct/)
  })

  test('an unknown trait, and a judge that is not there', async () => {
    await expectRefusal(['vector', 'extract', 'grumpy', '--judge', 'none'], 2, /There are: .*joyful/)
    await expectRefusal(['vector', 'extract', 'evil'], 2, /--judge URL#model.*--judge none/)
    await writeFile(join(folder, 'broken.yaml'), 'name: x\n')
    await expectRefusal(['vector', 'extract', 'broken.yaml', '--judge', 'none'], 2, /broken\.yaml is not valid/)
  })

  test('a file that is no model, or only part of one', async () => {
    await writeFile(join(folder, 'text.gguf'), 'this is no model')
    await expectRefusal(['--model', 'file:text.gguf', ...ask], 2, /text\.gguf is not a usable GGUF file/)
    await writeFile(join(folder, 'part.gguf'), (await readFile(smol.path)).subarray(0, 30_000_000))
    await expectRefusal(['--model', 'file:part.gguf', ...ask], 2, /part\.gguf is not a usable GGUF file/)
    await expectRefusal(['--model', 'file:none.gguf', ...ask], 2, /none\.gguf/)
  })

  test('a prompt longer than the context', async () => {
    await expectRefusal(
      ['generate', '--prompt', 'word '.repeat(9000), ...engine],
      2,
      /has 90\d\d tokens.*the context holds 8192/,
    )
  })

  test('a grammar that cannot be read, and one that cannot be met', async () => {
    await expectRefusal([...ask, '--grammar', 'no grammar'], 2, /grammar could not be read/)
    // The tokenizer has no token that is a lone byte of a character outside Unicode.
    await expectRefusal([...ask, '--grammar', 'root ::= [^\\x00-\\U0010FFFF]'], 2, /grammar/)
  })

  test('no network and an empty cache', async () => {
    const env = {
      PERSONASCOPE_CACHE: join(folder, 'empty'),
      HF_HOME: join(folder, 'hf'),
      HF_HUB_OFFLINE: '1',
      PATH: join(folder, 'nothing'),
    }
    await expectRefusal(ask, 3, /Could not get smollm2-135m-instruct from any source/, { env })
  })

  test.skipIf(process.getuid?.() !== 0)('a full disk (needs root to make a small one)', async () => {
    const small = join(folder, 'small')
    await mkdir(small)
    const { execFileSync } = await import('node:child_process')
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=300k', 'tmpfs', small])
    } catch {
      return expect.soft('mount').toBe('mount')
    }
    try {
      await writeFile(join(folder, 'tiny.yaml'), trait)
      const extract = [
        '--workspace',
        join(small, 'w'),
        'vector',
        'extract',
        'tiny.yaml',
        '--judge',
        'none',
        '--max-tokens',
        '12',
        ...engine,
      ]
      await expectRefusal(extract, 3, /No space left while writing/)
      const files = await readdir(small, { recursive: true })
      expect(files.filter(file => /\.part$|\.safetensors$/.test(file))).toEqual([])
    } finally {
      execFileSync('umount', [small])
    }
  })
})

describe('a native build that fails', () => {
  /** Stand-ins for the tools a build calls: they answer --version and do what the test says. */
  async function tools(cmake: string): Promise<string> {
    const bin = await mkdtemp(join(folder, 'tools-'))
    const script = async (name: string, body: string) => {
      await writeFile(join(bin, name), `#!/bin/sh\n[ "$1" = --version ] && exit 0\n${body}\n`)
      await chmod(join(bin, name), 0o755)
    }
    await script('npm', '/usr/bin/touch fake.tgz')
    await script('tar', 'exit 0')
    await script('git', 'if [ "$1" = clone ]; then /bin/mkdir -p "$4"; fi')
    await script('c++', 'exit 0')
    await script('cmake', cmake)
    return bin
  }
  const build = (bin: string, cache: string) => ({ env: { PATH: bin, PERSONASCOPE_CACHE: join(folder, cache) } })

  test('says at which step and why, and leaves nothing', async () => {
    const bin = await tools('echo "CMake Error: no compiler found" >&2; exit 1')
    await expectRefusal(['engine', 'build'], 3, /failed at configure: CMake Error: no compiler found/, build(bin, 'b1'))
    expect(await readdir(join(folder, 'b1/engine'))).toEqual([])
  })

  test('for want of a tool says which', async () => {
    const bin = await tools('exit 0')
    await rm(join(bin, 'cmake'))
    await expectRefusal(['engine', 'build'], 3, /failed at check tools: cmake is not installed/, build(bin, 'b2'))
  })

  test('because what was built does not load leaves nothing', async () => {
    const bin = await tools(
      'if [ "$1" = --build ]; then /bin/mkdir -p out/bin; for n in libllama libggml libggml-base; do echo x > out/bin/$n.so; done; fi',
    )
    await expectRefusal(['engine', 'build'], 3, /failed at check library/, build(bin, 'b3'))
    expect(await readdir(join(folder, 'b3/engine'))).toEqual([])
  })
})

describe('doctor', () => {
  test('says what works here', async () => {
    const { code, stdout } = await run(['doctor'])
    expect(code).toBe(0)
    for (const what of ['machine', 'memory', 'llama.cpp', 'pip', 'hub', 'cache']) expect(stdout).toContain(what)
    const { stdout: json } = await run(['--json', 'doctor'])
    expect(
      JSON.parse(json).every((finding: { status: string }) => ['good', 'note', 'bad'].includes(finding.status)),
    ).toBe(true)
  })

  test('fails at nothing where nothing is there', async () => {
    const env = {
      PERSONASCOPE_CACHE: join(folder, 'none'),
      HF_HOME: join(folder, 'hf'),
      HF_HUB_OFFLINE: '1',
      PATH: join(folder, 'nothing'),
    }
    const { code, stdout } = await run(['doctor'], { env })
    expect(code).toBe(0)
    expect(stdout).toMatch(/-- {2}pip\s+not found/)
  })
})
