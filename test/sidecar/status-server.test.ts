import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { createSidecarLog } from '../../sidecar/log.ts'
import type { SidecarState } from '../../sidecar/status.ts'
import { serveStatus } from '../../sidecar/status-server.ts'
import { freePort } from '../support/free-ports.ts'
import { alive, createMonitorHarness, refused, timeout } from './monitor-harness.ts'

const quick = { unresponsiveDeadlineMs: 30_000 } as const

interface Served {
  readonly port: number
  readonly state: { now: SidecarState }
  readonly asked: () => number
}

interface ServeOptions {
  readonly port?: number
  readonly box?: string
  readonly probeKey?: string
}

async function served(t: TestContext, first: SidecarState, options: ServeOptions = {}): Promise<Served> {
  const { port, box = '{"summary":{}}\n', probeKey = null } = options
  const state = { now: first }
  let asked = 0
  const bound = port ?? (await freePort())
  const close = serveStatus({
    port: bound,
    version: '1.2.3',
    log: createSidecarLog(
      'error',
      () => {},
      () => 0,
    ),
    state: () => state.now,
    onDriverProbe: () => {
      asked += 1
    },
    probeKey,
    blackBox: () => ({
      summaries: () => [{ number: 2, at: '2026-01-31T12:00:00Z', occasion: 'failing', topFrame: null }],
      read: (number) => (number === 2 ? box : null),
    }),
    retryMs: 50,
  })
  t.after(close)
  return { port: bound, state, asked: () => asked }
}

/** Asks until something answers: the port is bound a moment after the call. */
async function get(port: number, path: string, init: RequestInit = {}): Promise<Response> {
  for (;;) {
    try {
      return await fetch(`http://127.0.0.1:${port}${path}`, init)
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
const code = async (port: number, path: string) => {
  const response = await get(port, path)
  await response.body?.cancel()
  return response.status
}

describe('serveStatus', () => {
  test('an idle sidecar → all probes pass, and /status gives the reason', async (t) => {
    const { port } = await served(t, { kind: 'idle', reason: 'SPARK_NANNY_POLICY is not set' })
    assert.deepEqual(
      [await code(port, '/readyz'), await code(port, '/startedz'), await code(port, '/livez')],
      [200, 200, 200],
    )
    const status = await (await get(port, '/status')).json()
    assert.deepEqual(status, {
      version: '1.2.3',
      state: 'idle',
      reason: 'SPARK_NANNY_POLICY is not set',
      ready: true,
      started: true,
    })
    assert.match(await (await get(port, '/metrics')).text(), /^spark_nanny_sidecar_idle 1$/m)
  })

  test('each verdict → /readyz and /startedz agree with the files', async (t) => {
    const harness = createMonitorHarness(t, { onHung: { kind: 'fail-pod', budget: null }, ...quick })
    const { port, state, asked } = await served(t, { kind: 'monitoring', snapshot: harness.snapshot() })
    const codes = async () => {
      state.now = { kind: 'monitoring', snapshot: harness.snapshot() }
      return [await code(port, '/startedz'), await code(port, '/readyz')]
    }
    await harness.step(refused)
    assert.deepEqual(await codes(), [503, 503])
    await harness.step(alive)
    assert.deepEqual(await codes(), [200, 200])
    await harness.step(timeout)
    assert.deepEqual(await codes(), [200, 200])
    await harness.during(timeout, 30_000)
    assert.deepEqual(await codes(), [200, 503])
    assert.equal(asked(), 8)
  })

  test('each path → only what the kubelet asks while the container of the driver runs shows that it does', async (t) => {
    const { port, asked } = await served(t, { kind: 'idle', reason: 'x' })
    for (const [path, count] of [
      ['/livez', 0],
      ['/status', 0],
      ['/startedz', 1],
      ['/readyz', 2],
    ] as const) {
      await code(port, path)
      assert.equal(asked(), count, path)
    }
  })

  test('a key → requests without it are answered, and do not count as the kubelet’s', async (t) => {
    const { port, asked } = await served(t, { kind: 'idle', reason: 'x' }, { probeKey: 'k-1' })
    for (const query of ['', '?', '?key=', '?key=k-2', '?key=K-1', '?x=1&yey=k-1']) {
      assert.deepEqual([await code(port, `/startedz${query}`), await code(port, `/readyz${query}`)], [200, 200])
    }
    assert.equal(asked(), 0)
    await code(port, '/startedz?key=k-1')
    await code(port, '/readyz?key=k-1')
    assert.equal(asked(), 2)
    // A proxy of probes may add parameters.
    await code(port, '/readyz?x=1&key=k-1')
    assert.equal(asked(), 3)
  })

  test('a hung driver → its reason, budget and polls in /status and /metrics', async (t) => {
    const harness = createMonitorHarness(t, { ...quick, settings: { timeout: { value: '10s', source: 'pod' } } })
    await harness.step(alive)
    await harness.during(timeout, 60_000)
    const { port } = await served(t, { kind: 'monitoring', snapshot: harness.snapshot() })
    const status = (await (await get(port, '/status')).json()) as Record<string, unknown>
    assert.equal(status.state, 'hung')
    assert.equal(status.reason, 'unresponsive')
    assert.match(String(status.since), /^2026-01-31T12:00:\d\dZ$/)
    assert.deepEqual(status.settings, { timeout: { value: '10s', source: 'pod' } })
    assert.deepEqual(status.ui, {
      ui: 'http://127.0.0.1:4040',
      proven: false,
      applicationId: harness.snapshot().policy.applicationId,
    })
    assert.ok(Array.isArray(status.samples) && status.samples.length === 4)
    assert.equal(status.attempt, 2)
    assert.equal(status.certainty, 'certain')
    assert.deepEqual(status.evidence, [
      { witness: 'ui', report: 'no answer to 3 polls', since: '2026-01-31T12:00:06Z' },
    ])
    assert.deepEqual(status.readings, [])
    assert.deepEqual(status.requestedBytes, { polls: 0, readings: 0 })

    const metrics = await (await get(port, '/metrics')).text()
    for (const line of [
      'spark_nanny_sidecar_build_info{version="1.2.3"} 1',
      'spark_nanny_sidecar_verdict{state="hung"} 1',
      'spark_nanny_sidecar_verdict{state="alive"} 0',
      'spark_nanny_sidecar_hang{reason="unresponsive",certainty="certain"} 1',
      'spark_nanny_sidecar_ui_bytes_total{request="reading"} 0',
      'spark_nanny_sidecar_polls_total{result="failing"} 3',
      'spark_nanny_sidecar_poll_duration_seconds_bucket{le="+Inf"} 4',
      'spark_nanny_sidecar_poll_duration_seconds_count 4',
      'spark_nanny_sidecar_restarts_total{reason="unresponsive"} 1',
      'spark_nanny_sidecar_restart_budget_remaining 2',
    ]) {
      assert.ok(metrics.split('\n').includes(line), line)
    }
  })

  test('/blackbox → the list, and each that exists', async (t) => {
    const { port } = await served(t, { kind: 'idle', reason: 'x' })
    const [first] = (await (await get(port, '/blackbox')).json()) as readonly { number: number }[]
    assert.equal(first?.number, 2)
    const whole = await get(port, '/blackbox/2')
    assert.equal(whole.headers.get('content-type'), 'application/json')
    assert.deepEqual(await whole.json(), { summary: {} })
    for (const path of ['/blackbox/1', '/blackbox/22', '/blackbox/../status', '/blackbox/']) {
      assert.equal(await code(port, path), path.endsWith('status') ? 200 : 404, path)
    }
  })

  test('an unknown path or method → 404 or 405', async (t) => {
    const { port } = await served(t, { kind: 'idle', reason: 'x' })
    assert.equal(await code(port, '/'), 404)
    assert.equal((await get(port, '/status', { method: 'POST' })).status, 405)
  })

  test('garbage and silent connections → other requests are answered', async (t) => {
    const { port } = await served(t, { kind: 'idle', reason: 'x' })
    await code(port, '/readyz')
    const garbage = connect(port, '127.0.0.1', () => garbage.write('\x16\x03\x01 no HTTP\r\n\r\n'))
    garbage.on('error', () => {})
    garbage.resume()
    await once(garbage, 'close')
    const silent = connect(port, '127.0.0.1')
    t.after(() => silent.destroy())
    await once(silent, 'connect')
    assert.equal(await code(port, '/readyz'), 200)
  })

  test('slow readers of black boxes → few at a time, and other paths are answered', async (t) => {
    const { port } = await served(t, { kind: 'idle', reason: 'x' }, { box: 'x'.repeat(20_000_000) })
    await code(port, '/readyz')
    const readers = [2, 3, 4, 5].map((last) => {
      const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.0.${last}` })
      t.after(() => socket.destroy())
      socket.on('error', () => {})
      socket.write('GET /blackbox/2 HTTP/1.1\r\nHost: x\r\n\r\n')
      return once(socket, 'readable')
    })
    await Promise.all(readers)
    assert.equal(await code(port, '/blackbox/2'), 503)
    assert.equal(await code(port, '/readyz'), 200)
  })

  test('a port in use → retried until it is free', async (t) => {
    const taken = createServer().listen(0)
    await once(taken, 'listening')
    const address = taken.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    await served(t, { kind: 'idle', reason: 'x' }, { port })
    await new Promise((resolve) => setTimeout(resolve, 120))
    taken.close()
    assert.equal(await code(port, '/readyz'), 200)
  })
})
