import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { requestPage } from '../../kubernetes/list-page.ts'
import { createPageSize } from '../../kubernetes/page-size.ts'

describe('createPageSize', () => {
  test('small objects → the limit doubles up to the maximum', () => {
    const size = createPageSize(100)
    const limits = Array.from({ length: 5 }, () => {
      const { limit } = size
      size.adapt(limit, limit * 1_000)
      return limit
    })
    assert.deepEqual(limits, [16, 32, 64, 100, 100])
  })

  test('a maximum below the first limit → the maximum', () => assert.equal(createPageSize(2).limit, 2))

  test('objects of 15 kB → about a mebibyte in each page', () => {
    const size = createPageSize(250)
    for (let page = 0; page < 8; page += 1) size.adapt(size.limit, size.limit * 15_000)
    assert.ok(size.limit * 15_000 > 900_000 && size.limit * 15_000 <= 1_048_576)
  })

  test('pages that are too large → down to one object, whose bound is larger', () => {
    const size = createPageSize(250)
    const { maxBytes } = size
    const shrunk = [size.shrink(), size.shrink(), size.shrink()]
    assert.deepEqual([shrunk, size.limit], [[true, true, false], 1])
    assert.ok(size.maxBytes > maxBytes)
  })

  test('an empty page → unchanged', () => {
    const size = createPageSize(250)
    size.adapt(0, 100)
    assert.equal(size.limit, 16)
  })

  test('objects of any sizes → every object is listed once, and no page is larger than its bound', async () => {
    const sizes = fc.array(fc.integer({ min: 100, max: 3_000_000 }), { maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(sizes, async (objectBytes) => {
        const api = {
          request: async ({ path, maxBytes = 0 }: { readonly path: string; readonly maxBytes?: number }) => {
            const query = new URL(path, 'https://api').searchParams
            const from = Number(query.get('continue') ?? 0)
            const to = Math.min(objectBytes.length, from + Number(query.get('limit')))
            const bytes = objectBytes.slice(from, to).reduce((sum, size) => sum + size, 0)
            if (bytes > maxBytes) return { kind: 'failed', detail: 'too large', isTooLarge: true } as const
            const items = Array.from({ length: to - from }, (_, index) => from + index)
            const metadata = to < objectBytes.length ? { continue: String(to) } : {}
            return { kind: 'response', status: 200, body: { metadata, items }, bytes } as const
          },
        }
        const size = createPageSize(100)
        const listed: unknown[] = []
        let continueToken = ''
        do {
          const request = { path: '/things', selector: '', continueToken, deadlineMs: 1_000 }
          const response = await requestPage(api, request, size)
          assert.ok(response.kind === 'response')
          const { items, metadata } = response.body as { items: unknown[]; metadata: { continue?: string } }
          listed.push(...items)
          continueToken = metadata.continue ?? ''
        } while (continueToken !== '')
        assert.deepEqual(
          listed,
          objectBytes.map((_, index) => index),
        )
      }),
    )
  })
})
