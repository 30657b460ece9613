/**
 * Writes what can be read from the code into the documents: command help, the error table, the file map, the JSON
 * Schema of traits. With --check it writes nothing and fails where a document is out of date.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { z } from 'zod'
import { personascopeCommand } from '../src/cli/personascope-command.ts'
import { catalogue, exitCodes } from '../src/errors/catalogue.ts'
import { traitSchema } from '../src/trait/trait.ts'

const root = join(import.meta.dirname, '..')
const check = process.argv.includes('--check')
let outdated = 0

section('docs/errors.md', 'errors', errorTable())
section('docs/errors.md', 'exit codes', exitCodeTable())
section('docs/command-line.md', 'commands', commandHelp(personascopeCommand()))
section('ARCHITECTURE.md', 'file map', fileMap())
whole('assets/trait.schema.json', `${JSON.stringify(z.toJSONSchema(traitSchema), null, 2)}\n`)
if (outdated > 0) {
  console.error(`${outdated} out of date: run npm run docs:sync and look at what changed.`)
  process.exit(1)
}

/** Replaces what stands between the marks of a section. */
function section(file: string, name: string, content: string): void {
  const path = join(root, file)
  const text = readFileSync(path, 'utf8')
  const [begin, end] = [`<!-- generated: ${name} -->`, `<!-- end: ${name} -->`]
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${file} has no section "${name}"`)
  write(file, text, `${text.slice(0, from + begin.length)}\n\n${content.trim()}\n\n${text.slice(to)}`)
}

function whole(file: string, content: string): void {
  let old = ''
  try {
    old = readFileSync(join(root, file), 'utf8')
  } catch {}
  write(file, old, content)
}

function write(file: string, old: string, now: string): void {
  if (old === now) return
  if (check) {
    outdated++
    console.error(`${file} is out of date`)
  } else {
    writeFileSync(join(root, file), now)
    console.log(`wrote ${file}`)
  }
}

function errorTable(): string {
  const rows = Object.entries(catalogue).map(
    ([code, { message, remedy, exitCode, httpStatus }]) =>
      `| \`${code}\` | ${exitCode} | ${httpStatus} | ${cell(message)} ${cell(remedy)} |`,
  )
  return ['| code | exit | HTTP | what it says |', '|--|--|--|--|', ...rows].join('\n')
}

function exitCodeTable(): string {
  const source = readFileSync(join(root, 'src/errors/catalogue.ts'), 'utf8')
  const rows = Object.entries(exitCodes).map(([name, code]) => {
    const comment = new RegExp(`/\\*\\* ([^\\n]*) \\*/\\n\\s*${name}:`).exec(source)?.[1]
    return `| ${code} | ${comment ?? name} |`
  })
  return ['| exit code | meaning |', '|--|--|', ...rows].join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replace(/\{(\w+)\}/g, '*$1*')
}

function commandHelp(command: Command, path: readonly string[] = []): string {
  const name = [...path, command.name()]
  const children = command.commands.filter(child => child.name() !== 'help')
  command.configureHelp({ helpWidth: 100 })
  const own = `${'#'.repeat(Math.min(4, name.length + 1))} ${name.join(' ')}\n\n\`\`\`\n${command.helpInformation().trim()}\n\`\`\``
  return [own, ...children.map(child => commandHelp(child, name))].join('\n\n')
}

/** Every file with the first sentence of what it says of itself. */
function fileMap(): string {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts') && !/\.test\.ts$/.test(file))
    .sort()
  const lines: string[] = []
  let folder = ''
  for (const file of files) {
    const at = file.lastIndexOf('/')
    if (file.slice(0, at) !== folder) {
      folder = file.slice(0, at)
      lines.push('', `**${folder}**`, '')
    }
    lines.push(`- \`${file.slice(at + 1)}\` ${purposeOf(file)}`)
  }
  return lines.join('\n')
}

/** The head comment of a file, else what it says of the export it is named after, else of its first export. */
function purposeOf(file: string): string {
  const text = readFileSync(join(root, 'src', file), 'utf8')
  const head = /^(?:#!.*\n)?\/\*\*((?:(?!\*\/)[\s\S])*)\*\/(?!\s*export)/.exec(text)?.[1]
  const leading = /^\/\*\*((?:(?!\*\/)[\s\S])*)\*\//.exec(text)?.[1]
  const documented = [
    ...text.matchAll(
      /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*export (?:async )?(?:function\*?|class|const|interface|type) (\w+)/g,
    ),
  ]
  const own = documented.find(([, , name]) => kebab(name!) === file.replace(/^.*\/|\.ts$/g, ''))
  // A command says what it does in its own description.
  const description = /\.description\(\s*'([^']*)'/.exec(text)?.[1]
  const words = [head, own?.[1], description && `Command: ${description}.`, documented[0]?.[1], leading].find(
    found => found !== undefined,
  )
  const plain = (words ?? '')
    .replace(/^\s*\* ?/gm, '')
    .replace(/\s+/g, ' ')
    .trim()
  const sentence = /^.*?\.(?=\s|$)/.exec(plain)?.[0] ?? plain
  if (!sentence) throw new Error(`src/${file} says nothing of itself: give it a head comment`)
  return sentence
}

function kebab(name: string): string {
  return name.replace(/[a-z0-9](?=[A-Z])/g, '$&-').toLowerCase()
}
