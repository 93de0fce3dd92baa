import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseQueries } from '../../../core/spark/queries.ts'

const capture = (version: string) =>
  readFileSync(join(import.meta.dirname, '../../data/spark-ui', version, 'streaming-query.html'), 'utf8')

const page = (content: string) => `<html><title>x - Streaming Query</title><body>${content}</body></html>`
const headers = ['Name', 'Status', 'ID', 'Run ID', 'Latest Batch', 'Error']
const table = (rows: readonly (readonly string[])[], columns: readonly string[] = headers) =>
  `<table class="a"><thead><tr>${columns.map((name) => `<th><a>\n ${name}&nbsp;&#x25BE;</a></th>`).join('')}</tr></thead><tbody>${rows
    .map((cells) => `<tr>${cells.map((cell) => `<td class="b">${cell}</td>`).join('')}</tr>`)
    .join('')}</tbody></table>`

describe('parseQueries', () => {
  for (const version of ['3.5.7', '4.0.1']) {
    test(`Spark ${version} → the active and the failed query`, () => {
      const queries = parseQueries(capture(version))?.queries ?? []
      assert.deepEqual(
        queries.map(({ name, state, batch, error }) => [name, state, batch, error]),
        [
          ['stuck', 'active', 2, null],
          ['good', 'active', 20, null],
          ['bad', 'failed', 2, 'java.lang.IllegalStateException: boom'],
        ],
      )
      assert.ok(
        queries.every(({ id, runId }) => /^[\da-f-]{36}$/.test(id) && /^[\da-f-]{36}$/.test(runId) && id !== runId),
      )
    })
  }

  test('columns in another order, entities, a query without a batch → read', () => {
    const columns = ['Run ID', 'Latest Batch', 'Name', 'Status', 'New']
    const rows = [['<a href="/x?id=r1">r1</a>', 'NaN', '&lt;no name&gt; &amp; &#x41;&#66;&bogus;', 'FINISHED', '']]
    assert.deepEqual(parseQueries(page(table(rows, columns))), {
      queries: [{ name: '<no name> & AB&bogus;', id: '', runId: 'r1', state: 'finished', batch: null, error: null }],
    })
  })

  test('a page without tables → no query', () => assert.deepEqual(parseQueries(page('')), { queries: [] }))

  test('a long error → its first line, cut', () => {
    const rows = [['q', 'FAILED', 'i', 'r', '1', `${'e'.repeat(900)}\nat x<span>+details</span>`]]
    assert.equal(parseQueries(page(table(rows)))?.queries[0]?.error, 'e'.repeat(300))
  })

  const row = (status: string, runId = 'r') => ['q', status, 'i', runId, '1', '']
  const unreadable: readonly (readonly [string, string])[] = [
    ['another page', '<html><title>Spark Jobs</title></html>'],
    ['a page that is cut off', page(table([row('RUNNING')])).slice(0, -9)],
    ['an unknown status', page(table([row('RESTING')]))],
    ['a row without a run', page(table([row('RUNNING', '')]))],
    ['a table of something else', page(table([['x']], ['Job']))],
    ['more active queries than rows', page(`Active Streaming Queries (101)${table([row('RUNNING')])}`)],
  ]
  for (const [what, body] of unreadable) {
    test(`${what} → no reading`, () => assert.equal(parseQueries(body), undefined))
  }

  test('any page → never throws', () => {
    const markup = fc.array(
      fc.constantFrom('<table', '<tr', '<th>', '<td>', '</td>', '</table>', '>', '<', '&', 'Run ID'),
    )
    fc.assert(fc.property(markup, (pieces) => void parseQueries(page(pieces.join('')))))
  })

  test('hostile pages of a megabyte → read in linear time', () => {
    for (const piece of ['<', '<table', '<td', '&#', '<tr<td>', '&amp', '<th>Run ID</th><tr><td>'])
      parseQueries(page(table([row('RUNNING'), ['q', piece.repeat(1_000_000 / piece.length)]])))
  })
})
