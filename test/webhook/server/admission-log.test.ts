import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createMalformedRequestRecorder } from '../../../webhook/server/admission-log.ts'
import { createRecordingLog } from '../../support/recording-log.ts'

describe('createMalformedRequestRecorder', () => {
  test('many malformed requests → all are counted, a few are logged, and the next line says how many were not', () => {
    const { log, lines } = createRecordingLog()
    let counted = 0
    let nowMs = 0
    const record = createMalformedRequestRecorder({ countMalformedRequest: () => counted++ }, log, () => nowMs)
    for (let request = 0; request < 100; request += 1) record(400, 'x'.repeat(10_000))
    assert.deepEqual([counted, lines.length], [100, 20])
    assert.ok(String(lines[0]?.line.detail).length <= 500)
    nowMs = 60_000
    record(411, 'a body needs a Content-Length')
    assert.deepEqual([lines.at(-1)?.line.status, lines.at(-1)?.line.omitted], [411, 80])
  })
})
