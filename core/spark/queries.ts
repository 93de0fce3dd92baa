import type { QueriesReading, StreamingQuery } from '../verdict/witnesses.ts'

/** The page of Structured Streaming. There is no endpoint for its queries in any version of Spark. */
export const queriesPath = '/StreamingQuery/'

const maxNameChars = 200
const maxErrorChars = 300

/**
 * The streaming queries on the page `/StreamingQuery/` of Spark 3.0 and later, read by the headers of its tables. Returns
 * undefined if the body is not that page as a whole with all active queries: a part of it does not prove that a query has
 * disappeared. A table shows 100 queries, so more active queries than that cannot be read. Linear in the length of the body.
 */
export function parseQueries(body: string): QueriesReading | undefined {
  if (!body.includes('Streaming Query</title>') || !body.trimEnd().endsWith('</html>')) return undefined
  const queries: StreamingQuery[] = []
  // The first part is what precedes the first table.
  for (const part of body.split('<table').slice(1)) {
    const rows = parseTable(part)
    if (rows === undefined) return undefined
    queries.push(...rows)
  }
  const [, announced] = /Active Streaming Queries \((\d{1,6})\)/.exec(body) ?? []
  const active = queries.filter(({ state }) => state === 'active').length
  return announced !== undefined && Number(announced) !== active ? undefined : { queries }
}

/** The queries of one table, from the text after `<table`. Returns undefined if a row cannot be read. */
function parseTable(text: string): readonly StreamingQuery[] | undefined {
  const end = text.indexOf('</table>')
  if (end < 0) return undefined
  const [head = '', ...rows] = text.slice(0, end).split('<tr').filter(hasCells)
  const columns = readCells(head, 'th').map((cell) => toPlainText(cell).toLowerCase())
  if (!columns.includes('run id')) return undefined
  const queries: StreamingQuery[] = []
  for (const row of rows) {
    const cells = readCells(row, 'td')
    const query = toQuery((column) => {
      const index = columns.indexOf(column)
      return index < 0 ? undefined : cells[index]
    })
    if (query === undefined) return undefined
    queries.push(query)
  }
  return queries
}

const hasCells = (part: string) => /<t[hd][\s>]/.test(part)

const states: Readonly<Record<string, StreamingQuery['state']>> = {
  RUNNING: 'active',
  FINISHED: 'finished',
  FAILED: 'failed',
}

function toQuery(cell: (column: string) => string | undefined): StreamingQuery | undefined {
  const text = (column: string) => toPlainText(cell(column) ?? '')
  const state = Object.hasOwn(states, text('status')) ? states[text('status')] : undefined
  const runId = text('run id').slice(0, maxNameChars)
  if (state === undefined || runId === '') return undefined
  const batch = text('latest batch')
  return {
    name: text('name').slice(0, maxNameChars),
    id: text('id').slice(0, maxNameChars),
    runId,
    state,
    batch: /^\d{1,15}$/.test(batch) ? Number(batch) : null,
    error: state === 'failed' ? readFirstLine(cell('error') ?? '').slice(0, maxErrorChars) : null,
  }
}

/** The HTML in the cells of a row: after `<th …>` or `<td …>`, up to the end of the cell. `<thead` is not a cell. */
function readCells(row: string, tag: 'th' | 'td'): readonly string[] {
  return row
    .split(`<${tag}`)
    .slice(1)
    .filter((part) => /^[\s>]/.test(part))
    .map((part) => {
      const start = part.indexOf('>') + 1
      const end = part.indexOf(`</${tag}>`)
      return part.slice(start, end < 0 ? undefined : end)
    })
}

/** The text of HTML, with runs of white space as one space, and without the arrows that mark the order of a column. */
function toPlainText(html: string): string {
  return decodeEntities(stripTags(html))
    .replace(/[\s\u00a0\u25b4\u25be]+/g, ' ')
    .trim()
}

/** The first line with text. Spark puts the summary of an error before the element with its stack trace. */
function readFirstLine(html: string): string {
  const [first = ''] = decodeEntities(stripTags(html)).trimStart().split('\n')
  return first.trim()
}

/** Removes the tags. A tag that does not end is dropped with all that follows: a search for its end would be repeated. */
function stripTags(html: string): string {
  const pieces: string[] = []
  let position = 0
  while (position < html.length) {
    const start = html.indexOf('<', position)
    if (start < 0) {
      pieces.push(html.slice(position))
      break
    }
    pieces.push(html.slice(position, start))
    const end = html.indexOf('>', start)
    if (end < 0) break
    position = end + 1
  }
  return pieces.join('')
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' }

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-z]{2,4}));/g, (whole, decimal, hex, name) => {
    if (typeof name === 'string') return Object.hasOwn(entities, name) ? (entities[name] ?? whole) : whole
    const code = typeof decimal === 'string' ? Number(decimal) : Number.parseInt(String(hex), 16)
    return code <= 0x10_ff_ff ? String.fromCodePoint(code) : whole
  })
}
