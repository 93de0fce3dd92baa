import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { describe, mock, test } from 'node:test'
import type { FastifyReply } from 'fastify'
import { sendReview } from '../../../webhook/server/send-review.ts'

/** A response, and what has happened to it and to the memory of its body. */
const createSending = () => {
  const events: string[] = []
  let revoke: (error: Error) => void = () => {}
  const raw = Object.assign(new EventEmitter(), {
    writeHead: (_status: number, headers: Readonly<Record<string, unknown>>) => {
      events.push(headers.connection === 'close' ? 'head, then close' : 'head')
    },
    end: () => events.push('body'),
    destroy: () => {
      events.push('destroyed')
      raw.emit('close')
    },
  })
  const reply = { raw, hijack: () => {} } as unknown as FastifyReply
  const body = {
    bytes: Buffer.alloc(0),
    release: () => events.push('released'),
    hold: () => null,
    onRevoke: (callback: typeof revoke) => {
      revoke = callback
    },
  }
  const send = (length: number) => sendReview(reply, 'x'.repeat(length), body, 10_000)
  return { events, send, close: () => raw.emit('close'), revoke: () => revoke(new Error('others need it')) }
}
const large = 100_000

describe('sendReview', () => {
  test('a small response → its memory is free at once', () => {
    const { events, send } = createSending()
    send(1_000)
    assert.deepEqual(events, ['released', 'head', 'body'])
  })

  test('a large response that is sent → its memory is free then', () => {
    const { events, send, close } = createSending()
    send(large)
    assert.deepEqual(events, ['head, then close', 'body'])
    close()
    assert.deepEqual(events, ['head, then close', 'body', 'released'])
  })

  test('a large response that its client does not read → is given up after the deadline', (t) => {
    mock.timers.enable({ apis: ['setTimeout'] })
    t.after(() => mock.timers.reset())
    const { events, send } = createSending()
    send(large)
    mock.timers.tick(9_999)
    assert.deepEqual(events, ['head, then close', 'body'])
    mock.timers.tick(1)
    assert.deepEqual(events, ['head, then close', 'body', 'destroyed', 'released'])
  })

  test('a large response that its client does not read, when another client needs the memory → is given up', () => {
    const { events, send, revoke } = createSending()
    send(large)
    revoke()
    assert.deepEqual(events, ['head, then close', 'body', 'destroyed', 'released'])
  })
})
