import type { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { Fault } from './fault.ts'

/** A response of the API server. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

const garbage: Answer = {
  status: 200,
  headers: { 'content-type': 'text/html' },
  body: Buffer.from('<html><body>Log in to the network</body></html>'),
}

/** Responds according to the fault; `pass` forwards the request. */
export async function answerWith(
  fault: Fault,
  pass: () => Promise<Answer>,
  response: ServerResponse,
  reset: () => void,
): Promise<void> {
  const give = ({ status, headers, body }: Answer) => {
    if (response.destroyed) return
    response.writeHead(status, { ...headers, 'content-length': body.length }).end(body)
  }
  switch (fault.kind) {
    case 'none':
      return give(await pass())
    case 'reset':
      reset()
      return
    case 'dropped':
      await delay(3_000, undefined, { ref: false })
      reset()
      return
    case 'delayed':
      await delay(fault.delayMs)
      return give(await pass())
    case 'answer-delayed': {
      const answer = await pass()
      await delay(fault.delayMs)
      return give(answer)
    }
    case 'answer-lost':
      await pass()
      reset()
      return
    case 'answer-truncated': {
      const { status, headers, body } = await pass()
      if (response.destroyed) return
      response.writeHead(status, { ...headers, 'content-length': body.length })
      response.write(body.subarray(0, Math.floor(body.length / 2)), () => reset())
      return
    }
    case 'garbage':
      if (fault.arrives) await pass()
      return give(garbage)
    case 'status': {
      if (fault.arrives) await pass()
      const { status, retryAfterS } = fault
      const body = Buffer.from(JSON.stringify({ kind: 'Status', status: 'Failure', message: 'a fault', code: status }))
      const headers = {
        'content-type': 'application/json',
        ...(retryAfterS > 0 && { 'retry-after': String(retryAfterS) }),
      }
      return give({ status, headers, body })
    }
    case 'dripped': {
      const { status, headers, body } = await pass()
      if (response.destroyed) return
      response.writeHead(status, { ...headers, 'content-length': body.length })
      const size = Math.max(1, Math.ceil(body.length / 5))
      for (let at = 0; at < body.length && !response.destroyed; at += size) {
        response.write(body.subarray(at, at + size))
        await delay(50)
      }
      response.end()
      return
    }
    case 'doubled': {
      const answers = await Promise.all([pass(), pass()])
      return give(answers[1])
    }
  }
}
