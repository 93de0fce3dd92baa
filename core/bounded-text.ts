/**
 * The text, or its first `maxLength` characters and `…`. The part is copied: V8 keeps the whole text in memory for as long as
 * any part of it is referenced.
 */
export function boundText(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : Buffer.from(`${text.slice(0, maxLength)}…`).toString()
}
