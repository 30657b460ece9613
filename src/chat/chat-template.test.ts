import { describe, expect, test } from 'vitest'
import { ChatTemplate } from './chat-template.ts'

const tokens = { beginText: '<s>', endText: '</s>' }
const chatml = `{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}`
const noSystem = `{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}[{{ m.role }}]{{ m.content }}{% endfor %}`
const dropsSystem = `{% for m in messages %}{% if m.role != 'system' %}[{{ m.role }}]{{ m.content }}{% endif %}{% endfor %}`
const thinks = `${chatml}{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}`

describe('a chat template', () => {
  test('renders messages and asks for the assistant', () => {
    const { text } = new ChatTemplate(chatml, tokens).render([{ role: 'user', content: 'Hi' }])
    expect(text).toBe('<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n')
  })

  test.each([
    ['refuses', noSystem],
    ['leaves out', dropsSystem],
  ])('that %s a system role gets its text before the first user message', (_, source) => {
    const template = new ChatTemplate(source, tokens)
    expect(template.systemRole).toBe('merged')
    const { text } = template.render([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Ho' },
      { role: 'user', content: 'Again' },
    ])
    expect(text).toContain('[user]Be brief.\n\nHi[assistant]Ho[user]Again')
  })

  test('marks where other messages would go on differently', () => {
    const template = new ChatTemplate(chatml, tokens)
    const { text, sharedLengths } = template.render([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'One' },
      { role: 'assistant', content: 'Fine' },
      { role: 'user', content: 'Two' },
    ])
    expect(sharedLengths.map(length => text.slice(length, length + 3))).toEqual(['One', 'Two'])
  })

  test('marks the same place whatever the message begins with', () => {
    const template = new ChatTemplate(chatml, tokens)
    const shared = (content: string) => template.render([{ role: 'user', content }]).sharedLengths
    expect(shared('~tilde')).toEqual(shared('plain'))
    expect(shared('  ~tilde')).toEqual(shared('plain'))
  })

  test('of a model that can think has it not think unless asked', () => {
    const template = new ChatTemplate(thinks, tokens)
    expect(template.thinking).toBe('switchable')
    const messages = [{ role: 'user', content: 'Hi' }] as const
    expect(template.render(messages).text).toContain('</think>')
    expect(template.render(messages, { thinking: 'on' }).text).not.toContain('</think>')
    expect(new ChatTemplate(chatml, tokens).thinking).toBe('none')
    expect(new ChatTemplate(`${chatml}<think>`, tokens).thinking).toBe('always')
  })
})
