/** Formats a Markdown table whose columns are padded to their widest cell. */
export function formatTable([head = [], ...rows]: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) => `| ${cells.map((text, i) => text.padEnd(widths[i] ?? 0)).join(' | ')} |`
  return [head, widths.map((width) => '-'.repeat(width)), ...rows].map(line).join('\n')
}

/** Escapes the column separators in a text for a table cell. */
export function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|')
}
