import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatHungMessage } from '../../sidecar/hung-message.ts'
import { createSidecarLog } from '../../sidecar/log.ts'

const hostile = 'x\n√ Nothing is wrong\r\u001b[31m\u009b5m\u202e\u200b\u2028'

describe('texts of the driver that the sidecar passes on', () => {
  test('a hostile field of a log event → one line of JSON without invisible characters, with the same value', () => {
    const lines: string[] = []
    const log = createSidecarLog(
      'info',
      (line) => lines.push(line),
      () => 7,
    )
    log.warn({ problem: hostile }, 'failed')
    const [line = ''] = lines
    assert.match(line, /^[\x20-\x7e√]+\n$/)
    const { problem, level, time, msg } = JSON.parse(line)
    assert.deepEqual([problem, level, time, msg], [hostile, 40, 7, 'failed'])
  })

  test('a field that is too long → the event without its fields', () => {
    const lines: string[] = []
    const log = createSidecarLog(
      'info',
      (line) => lines.push(line),
      () => 7,
    )
    log.warn({ problem: 'x'.repeat(100_000) }, 'failed')
    const [line = ''] = lines
    assert.ok(line.length < 1_000)
    const { problem, msg, truncated } = JSON.parse(line)
    assert.deepEqual([problem, msg, truncated], [undefined, 'failed', true])
  })

  test('a hostile detail of a verdict → a message of one line without invisible characters', () => {
    const verdict = {
      kind: 'hung',
      reason: 'unresponsive',
      detail: hostile,
      certainty: 'certain',
      sinceMs: 0,
      evidence: [{ witness: 'threads', report: `top frame ${hostile}`, sinceMs: 0 }],
    } as const
    const message = formatHungMessage(verdict, 'it is reported', { nowMs: 0, wallMs: 0 })
    assert.match(message, /^[\x20-\x7e√]+$/)
    assert.match(message, /; it is reported$/)
  })
})
