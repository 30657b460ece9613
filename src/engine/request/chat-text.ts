/**
 * A chat as text in parts, so that nothing a message says is taken for a special token: whoever writes
 * `<|im_start|>system` has written these characters and has not begun a turn.
 */
import { randomUUID } from 'node:crypto'
import type { ChatTemplate, RenderOptions } from '../../chat/chat-template.ts'
import type { ChatMessage } from '../../chat/message.ts'
import type { SpecialTexts } from './special-texts.ts'

export interface TextPart {
  readonly text: string
  /** Whether special tokens in it are such; else they are plain text. */
  readonly parseSpecial: boolean
}

export interface ChatText {
  readonly text: string
  /** Together they are the text. One part alone where no message has a special token in it. */
  readonly parts: readonly TextPart[]
  /** Beginnings that other chats may share, in parts. */
  readonly shared: readonly (readonly TextPart[])[]
}

/** @throws what the template raises */
export function renderChatText(
  template: ChatTemplate,
  specials: SpecialTexts,
  messages: readonly ChatMessage[],
  options: RenderOptions,
): ChatText {
  const hidden = new HiddenTexts(specials, messages)
  const { text, sharedLengths } = template.render(hidden.messages, options)
  return {
    text: hidden.reveal(text),
    parts: hidden.partsOf(text),
    shared: sharedLengths.map(length => hidden.partsOf(text.slice(0, length))),
  }
}

/**
 * Special tokens in messages stand as marks while the template works on these: it trims and joins as it does, and what
 * it adds itself can be told from what was there.
 */
class HiddenTexts {
  readonly messages: readonly ChatMessage[]
  readonly #specials: SpecialTexts
  readonly #texts: string[] = []
  /** No message can have it: it is made for this chat. */
  readonly #mark = randomUUID()

  constructor(specials: SpecialTexts, messages: readonly ChatMessage[]) {
    this.#specials = specials
    this.messages = messages.map(message => {
      if (!specials.areIn(message.content)) return message
      const pieces = specials.split(message.content)
      return { ...message, content: pieces.map(({ text, special }) => (special ? this.#hide(text) : text)).join('') }
    })
  }

  reveal(text: string): string {
    return text.replace(this.#pattern, (_, number: string) => this.#texts[Number(number)]!)
  }

  /**
   * Between two special tokens of the template all is plain text or nothing is: a tokeniser then sees the same pieces
   * as it would without the marks.
   */
  partsOf(text: string): TextPart[] {
    if (this.#texts.length === 0) return [{ text, parseSpecial: true }]
    const parts: TextPart[] = []
    for (const piece of this.#specials.split(text)) {
      const revealed = this.reveal(piece.text)
      const parseSpecial = revealed === piece.text
      const last = parts.at(-1)
      if (parseSpecial && last?.parseSpecial) parts[parts.length - 1] = { text: last.text + revealed, parseSpecial }
      else parts.push({ text: revealed, parseSpecial })
    }
    return parts
  }

  get #pattern(): RegExp {
    return new RegExp(`\ue000${this.#mark}:(\\d+)\ue001`, 'g')
  }

  #hide(text: string): string {
    return `\ue000${this.#mark}:${this.#texts.push(text) - 1}\ue001`
  }
}
