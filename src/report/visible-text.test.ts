import { describe, expect, test } from 'vitest'
import { escapeAttribute, escapeHtml, escapeText, visibleText } from './visible-text.ts'

describe('visible text', () => {
  test('names what turns the order of letters around', () => {
    expect(visibleText('\u202eabc\u202c \u2066d\u2069 \u200fe')).toBe('[U+202E]abc[U+202C] [U+2066]d[U+2069] [U+200F]e')
  })

  test('names control characters, and keeps line ends and tabs', () => {
    expect(visibleText('a\u0000b\u0007c\u001bd\u0085e\tf\ng')).toBe('a[U+0000]b[U+0007]c[U+001B]d[U+0085]e\tf\ng')
  })

  test('makes every line end the same', () => {
    expect(visibleText('a\r\nb\rc\nd')).toBe('a\nb\nc\nd')
  })

  test('names text that cannot be seen at all', () => {
    expect(visibleText('a\u200bb\ufeffc\u00add\u{e0041}e\u2063')).toBe('a[U+200B]b[U+FEFF]c[U+00AD]d[U+E0041]e[U+2063]')
  })

  test('names halves of a pair and characters that XML forbids', () => {
    expect(visibleText('a\ud800b\udc00c\ufffed\uffffe')).toBe('a[U+D800]b[U+DC00]c[U+FFFE]d[U+FFFF]e')
  })

  test('leaves scripts, emoji and their joiners as they are', () => {
    const text = 'سعيد می‌خواهم क्‍ष 👩‍👩‍👧 ❤️ é ñ 漢字 �'
    expect(visibleText(text)).toBe(text)
  })
})

describe('escaping', () => {
  const hostile = `<script>alert("1")</script><img src=x onerror='a()'>&lt;&#60;]]>-->`

  test('leaves nothing that could be markup', () => {
    for (const write of [escapeText, escapeHtml, escapeAttribute]) {
      expect(write(hostile)).not.toMatch(/[<>"']|&(?!amp;|lt;|gt;|quot;|#39;)/)
    }
  })

  test('gives the same text back to whoever reads it', () => {
    const back = escapeText(hostile)
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&#39;', "'")
      .replaceAll('&amp;', '&')
    expect(back).toBe(hostile)
  })

  test('keeps line ends inside attributes', () => {
    expect(escapeAttribute('a\nb\tc')).toBe('a&#10;b&#9;c')
  })

  test('sets the name of a hidden character apart from the same letters typed', () => {
    expect(escapeHtml('[U+202E] \u202e')).toBe('[U+202E] <span class="hidden">[U+202E]</span>')
  })
})
