/**
 * Cells that a spreadsheet would take for a formula get an apostrophe in front, and lose it when they are read; so do
 * cells that look like that already, so that every text comes back as it was.
 */

/** What spreadsheets begin formulas with, half and full width; and what they pass over before it. */
const formula = /^'*[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]/

export function safeCell(text: string): string {
  return formula.test(text) ? `'${text}` : text
}

export function unsafeCell(cell: string): string {
  return cell.startsWith("'") && formula.test(cell) ? cell.slice(1) : cell
}
