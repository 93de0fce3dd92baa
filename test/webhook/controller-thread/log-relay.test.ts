import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createLogRelay } from '../../../webhook/controller-thread/log-relay.ts'

function createRelay() {
  const sent: (readonly [string, number])[] = []
  const relay = createLogRelay((text, dropped) => void sent.push([text, dropped]))
  return { relay, sent }
}

describe('createLogRelay', () => {
  test('lines of one turn → one text; lines that follow wait until it is written', async () => {
    const { relay, sent } = createRelay()
    for (const line of ['a\n', 'b\n']) relay.write(line)
    await setImmediate()
    relay.write('c\n')
    relay.write('d\n')
    await setImmediate()
    assert.deepEqual(sent, [['a\nb\n', 0]])
    relay.written()
    await setImmediate()
    assert.deepEqual(sent.slice(1), [['c\nd\n', 0]])
  })

  test('a writer that is gone → at most a mebibyte waits, and the rest is counted', async () => {
    const { relay, sent } = createRelay()
    relay.write('first\n')
    await setImmediate()
    for (let index = 0; index < 3_000; index += 1) relay.write(`${'x'.repeat(1_023)}\n`)
    relay.flush()
    assert.deepEqual(
      sent.map(([text, dropped]) => [text.length, dropped]),
      [
        [6, 0],
        [1_048_576, 3_000 - 1_024],
      ],
    )
  })

  test('a flush without lines → nothing is sent', () => {
    const { relay, sent } = createRelay()
    relay.flush()
    assert.deepEqual(sent, [])
  })
})
