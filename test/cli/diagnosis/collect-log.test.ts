import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createClusterReader } from '../../../cli/cluster/cluster-reader.ts'
import { collectLog } from '../../../cli/diagnosis/collect-log.ts'
import { createRedactor } from '../../../cli/redaction/redactor.ts'
import type { ApiResponse, KubernetesApi } from '../../../kubernetes/api.ts'

const request = { namespace: 'n', pod: 'd', container: 'c', previous: false, keep: false }

/** Collects a log from an API that answers each log request with the next of these answers: some bytes, then the end of the response. */
function collect(...answers: readonly { readonly text?: string; readonly end: ApiResponse }[]) {
  const paths: string[] = []
  const api: KubernetesApi = {
    request: async ({ path, onBytes }) => {
      const { text, end } = answers[paths.length] ?? { end: { kind: 'failed', detail: 'no more' } }
      paths.push(path)
      if (text !== undefined) onBytes?.(new TextEncoder().encode(text))
      return end
    },
    async *watch() {},
  }
  const reader = createClusterReader(api, 60_000, () => 0)
  return { paths, collected: collectLog(reader, request, createRedactor()) }
}

const ok: ApiResponse = { kind: 'response', status: 200, body: null }

describe('collectLog', () => {
  test('the log stream breaks off → its end is read and the reading is marked incomplete', async () => {
    const { paths, collected } = collect(
      { text: 'a\nb', end: { kind: 'failed', detail: 'socket hang up' } },
      { text: 'Exception in thread "main" java.lang.IllegalStateException: x\n', end: ok },
    )
    const { reading } = await collected
    assert.equal(paths[1], '/api/v1/namespaces/n/pods/d/log?container=c&tailLines=5000')
    assert.equal(reading.kind, 'read')
    if (reading.kind !== 'read') return
    assert.match(reading.value.cut ?? '', /^read only the first 3 bytes and the last 5000 lines: socket hang up/)
    assert.equal(reading.value.uncaught.length, 1)
  })

  const refusals: readonly (readonly [number, string])[] = [
    [204, 'absent'],
    [400, 'absent'],
    [404, 'absent'],
    [403, 'unreadable'],
    [500, 'unreadable'],
  ]
  for (const [status, kind] of refusals) {
    test(`HTTP ${status} before any byte → the log is ${kind}`, async () => {
      const { collected } = collect({ end: { kind: 'response', status, body: { message: 'm' } } })
      assert.equal((await collected).reading.kind, kind)
    })
  }

  test('the log was read completely → no second request', async () => {
    const { paths, collected } = collect({ text: 'a\n', end: ok })
    const { reading } = await collected
    assert.deepEqual([paths.length, reading.kind === 'read' && reading.value.cut], [1, null])
  })
})
