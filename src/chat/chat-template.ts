import { Template } from '@huggingface/jinja'
import { sha256 } from '../store/hash.ts'
import type { ChatMessage } from './message.ts'

export interface ChatTemplateTokens {
  /** The text of the token that begins a text, as templates write it. */
  readonly beginText: string
  readonly endText: string
}

export interface RenderOptions {
  /** For models that can think before they answer; `off` unless asked for. */
  readonly thinking?: 'off' | 'on'
}

/** A rendered chat: the text, and where in it another chat may go on differently. */
export interface RenderedChat {
  readonly text: string
  /** Lengths of beginnings of the text that do not depend on the first, or on the last, user message. */
  readonly sharedLengths: readonly number[]
}

/** A model's own chat template, in Jinja. Knows text only. Sets no clock: the same messages give the same text. */
export class ChatTemplate {
  readonly hash: string
  readonly systemRole: 'native' | 'merged'
  readonly thinking: 'none' | 'switchable' | 'always'
  readonly #template: Template
  readonly #tokens: ChatTemplateTokens

  /** @throws what the Jinja parser throws if the template cannot be read */
  constructor(source: string, tokens: ChatTemplateTokens) {
    this.#template = new Template(source)
    this.#tokens = tokens
    this.hash = sha256(source)
    this.systemRole = this.#takesSystemRole() ? 'native' : 'merged'
    this.thinking = this.#thinkingOf(source)
  }

  /**
   * The prompt for the assistant's next turn.
   * @throws what the template raises, for example at roles out of order
   */
  render(messages: readonly ChatMessage[], options: RenderOptions = {}): RenderedChat {
    const text = this.#render(messages, options)
    const users = messages.flatMap((message, index) => (message.role === 'user' ? [index] : []))
    const turns = new Set([users.at(0), users.at(-1)].filter(index => index !== undefined))
    const lengths = [...turns].map(index => commonLength(text, this.#render(withOtherText(messages, index), options)))
    return { text, sharedLengths: [...new Set(lengths)].sort((a, b) => a - b) }
  }

  #render(messages: readonly ChatMessage[], { thinking = 'off' }: RenderOptions): string {
    return this.#template.render({
      messages: this.systemRole === 'merged' ? mergeSystem(messages) : messages,
      add_generation_prompt: true,
      enable_thinking: thinking === 'on',
      bos_token: this.#tokens.beginText,
      eos_token: this.#tokens.endText,
    })
  }

  /** Some templates refuse a system message, others leave it out without a word. */
  #takesSystemRole(): boolean {
    const system = 'personascope asks whether this is kept'
    try {
      const rendered = this.#template.render({
        messages: [
          { role: 'system', content: system },
          { role: 'user', content: 'u' },
        ],
        add_generation_prompt: true,
        bos_token: this.#tokens.beginText,
        eos_token: this.#tokens.endText,
      })
      return rendered.includes(system)
    } catch {
      return false
    }
  }

  #thinkingOf(source: string): ChatTemplate['thinking'] {
    if (source.includes('enable_thinking')) return 'switchable'
    return source.includes('<think>') ? 'always' : 'none'
  }
}

/** Puts system text before the first user message, a blank line between. */
function mergeSystem(messages: readonly ChatMessage[]): ChatMessage[] {
  const system = messages.filter(message => message.role === 'system').map(message => message.content)
  const others = messages.filter(message => message.role !== 'system')
  if (system.length === 0) return others
  const first = others.findIndex(message => message.role === 'user')
  if (first < 0) return [{ role: 'user', content: system.join('\n\n') }, ...others]
  return others.map((message, index) =>
    index === first ? { ...message, content: [...system, message.content].join('\n\n') } : message,
  )
}

function withOtherText(messages: readonly ChatMessage[], index: number): ChatMessage[] {
  const message = messages[index]!
  // Differs in the first character, whatever it is.
  const content = `${message.content.trimStart().startsWith('~') ? '#' : '~'}`
  return messages.map((other, position) => (position === index ? { ...other, content } : other))
}

function commonLength(a: string, b: string): number {
  let length = 0
  while (length < a.length && a[length] === b[length]) length++
  return length
}
