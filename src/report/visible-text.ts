/** Escaping for HTML and SVG that shows what would otherwise not be seen. */

/**
 * Characters that show nothing, or change how others are shown: controls, directional marks and overrides, invisible
 * operators, tags, halves of surrogate pairs. Joiners and variation selectors stay, since scripts and emoji need them.
 */
const hidden =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffc\ufffe\uffff\u{e0000}-\u{e007f}]|\p{Surrogate}/gu

/** `text` with hidden characters named, for example "[U+202E]". Line ends become "\n". */
export function visibleText(text: string): string {
  return unifyLineEnds(text).replace(hidden, nameOf)
}

/** `text` for use between tags of HTML or SVG: a picture of itself, never markup. */
export function escapeText(text: string): string {
  return escapeMarkup(visibleText(text))
}

/** `text` for use inside a quoted attribute. */
export function escapeAttribute(text: string): string {
  return escapeText(text).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')
}

/** As `escapeText`, for HTML: the names of hidden characters are set apart from the same letters typed by somebody. */
export function escapeHtml(text: string): string {
  return escapeMarkup(unifyLineEnds(text)).replace(hidden, match => `<span class="hidden">${nameOf(match)}</span>`)
}

function escapeMarkup(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

function unifyLineEnds(text: string): string {
  return text.replace(/\r\n?/g, '\n')
}

function nameOf(character: string): string {
  return `[U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`
}
