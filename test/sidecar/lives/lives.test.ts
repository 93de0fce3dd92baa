import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runPod } from './run-pod.ts'

/** `7`, or `1000..1100`. */
const seeds = (() => {
  const [, first = '1', last = first] = /^(\d+)(?:\.\.(\d+))?$/.exec(process.env.SEEDS ?? '1..20') ?? []
  return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index)
})()
const pods = Number(process.env.PODS ?? 10)
const shownLines = 80

describe('the lives of drivers under their sidecars', () => {
  for (const seed of seeds) {
    test(`seed ${seed} → no healthy driver is killed, no hang is missed, nothing runs again after its UI closed`, async (t) => {
      for (let index = 0; index < pods; index += 1) {
        const { problems, trace } = await runPod(seed, index)
        if (problems.length === 0) continue
        const again = `again: SEEDS=${seed} npm test -- test/sidecar/lives`
        const [first = '', ...lines] = trace
        t.diagnostic([`pod ${index} of seed ${seed}`, first, ...lines.slice(-shownLines)].join('\n'))
        assert.fail(`pod ${index}: ${problems[0]}\n${again}`)
      }
    })
  }
})
