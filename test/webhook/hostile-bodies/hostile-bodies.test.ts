import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { createAuthority, issueServingCertificate } from '../../../certs/pki/issue-certificates.ts'
import { driverPods } from '../../admission/generated-pods.ts'
import { captureText } from '../../support/admission-captures.ts'
import { until } from '../../support/api-fixture.ts'
import { oneOf, type Random, seeded } from '../../support/random.ts'
import { createLane, formatHead, type Lane, openSocket } from './https-lane.ts'
import type { LoopReport } from './loop-monitor.ts'
import { findPlaces, hostileTexts, largeTexts, mutateBytes, mutateStructure, writeWith } from './mutations.ts'
import { findPatchProblem } from './patched-object.ts'

/** Run the test again with the seed that it prints: `SPARK_NANNY_FUZZ_SEED=… npm test -- test/webhook/hostile-bodies`. */
const seed = Number(process.env.SPARK_NANNY_FUZZ_SEED ?? Date.now() % 2 ** 31)
const totalBodies = 20_000
const lanes = 8
/** The loop is measured in so many parts, of which the middle one counts: a machine under load may hold up some of them. */
const parts = 5
/** One body of this many is large, so that each part has some: more than a thousandth of its bodies. */
const largeInterval = 200

interface Posted {
  readonly kind: 'sound' | 'place' | 'structure' | 'bytes' | 'large'
  readonly body: string | Buffer
}

const template = JSON.parse(captureText('driver-pod.spark-submit')) as { request: { object: unknown } }
const captures = (['driver-pod.spark-operator', 'driver-pod.spark-submit', 'driver-service.spark-submit'] as const).map(
  (name) => JSON.parse(captureText(name)) as object,
)
const reviewOf = (object: unknown) => ({ ...template, request: { ...template.request, object } })

/** Every field of captured reviews with hostile texts, then changes of captured and generated reviews, with large bodies between. */
function* createBodies(random: Random): Generator<Posted> {
  const large = createLarge()
  let count = 0
  for (const body of createSmall(random)) {
    if (count++ % largeInterval === 0) yield large.next().value
    yield body
  }
}

function* createSmall(random: Random): Generator<Posted> {
  yield* createPlaces(random)
  yield* createMutations(random)
}

function* createPlaces(random: Random): Generator<Posted> {
  const [operator, , service] = captures
  for (const review of [operator, service]) {
    for (const at of findPlaces(review).keys()) {
      yield { kind: 'place', body: writeWith(review, at, oneOf(random, hostileTexts)) }
    }
  }
  const places = findPlaces(template)
  for (const text of hostileTexts) {
    for (const [at, { key }] of places.entries()) {
      if (!isManagedField(key)) yield { kind: 'place', body: writeWith(template, at, text) }
    }
  }
}

function* createLarge(): Generator<Posted, never> {
  const annotations = { ...template, request: { ...template.request, more: {} } }
  const at = findPlaces(annotations).findIndex(({ key }) => key === 'more')
  for (;;) {
    for (const text of largeTexts) yield { kind: 'large', body: writeWith(annotations, at, text) }
    for (const text of largeTexts) yield { kind: 'large', body: text }
  }
}

function* createMutations(random: Random): Generator<Posted> {
  const pods = fc.sample(driverPods, { numRuns: 1_000, seed })
  for (let count = 0; ; count += 1) {
    const review = reviewOf(pods[count % pods.length])
    const kind = random()
    if (kind < 0.4) yield { kind: 'sound', body: JSON.stringify(review) }
    else if (kind < 0.5) yield { kind: 'bytes', body: mutateBytes(random, JSON.stringify(review)) }
    else
      yield {
        kind: 'structure',
        body: mutateStructure(random, kind < 0.9 ? review : oneOf(random, [template, ...captures])),
      }
  }
}

/** What an API server writes about who manages a field, which no code of spark-nanny reads. */
const isManagedField = (key: string) => key === '.' || key.startsWith('f:') || key.startsWith('k:')

/** On a loaded machine, a large body may take longer than the time for a request, or wait until others need its memory. */
const allowedStatuses: Readonly<Record<Posted['kind'], readonly number[]>> = {
  sound: [200],
  place: [200, 422],
  structure: [200, 422],
  bytes: [200, 400, 422],
  large: [200, 400, 408, 413, 422, 503],
}

/** What is wrong with the answer; undefined if it is right. */
async function findProblem(lane: Lane, { kind, body }: Posted): Promise<string | undefined> {
  const answer = await lane.post(body)
  if (!allowedStatuses[kind].includes(answer.status)) return `status ${answer.status}: ${answer.body.slice(0, 200)}`
  if (answer.status !== 200) return answer.body.length < 1_000 ? undefined : 'the refusal is long'
  const { response } = JSON.parse(answer.body)
  if (response.allowed !== true) return 'the object is not allowed'
  if (response.auditAnnotations.reason === 'internal-error') return 'internal-error'
  if ((response.warnings ?? []).length > 10) return 'too many warnings'
  return response.patch === undefined ? undefined : findPatchProblem(body.toString(), response.patch)
}

describe('hostile bodies', () => {
  let dir = ''
  let child: ChildProcess
  let output = ''
  let port = 0

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'spark-nanny-bodies-'))
    const serving = issueServingCertificate(createAuthority(new Date(), 1), ['localhost'], new Date(), 1)
    const [certFile, keyFile] = [join(dir, 'tls.crt'), join(dir, 'tls.key')]
    await writeFile(certFile, serving.certificatePem)
    await writeFile(keyFile, serving.privateKeyPem)
    const here = import.meta.dirname
    child = spawn(
      process.execPath,
      ['--import', join(here, 'loop-monitor.ts'), join(here, '../../../webhook/main.ts')],
      {
        stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
        env: {
          PATH: process.env.PATH ?? '',
          // What counts the coverage also makes a turn of the event loop take five times as long.
          NODE_V8_COVERAGE: '',
          SPARK_NANNY_TLS_CERT_FILE: certFile,
          SPARK_NANNY_TLS_KEY_FILE: keyFile,
          SPARK_NANNY_SIDECAR_IMAGE: 'registry.invalid/sidecar:1',
          SPARK_NANNY_PORT: '0',
          SPARK_NANNY_METRICS_PORT: '0',
          SPARK_NANNY_KUBERNETES: 'off',
          SPARK_NANNY_CAPABILITIES: 'native-sidecars,restart-all-containers,container-restart-rules',
        },
      },
    )
    child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      output += piece
    })
    await until(() => /"event":"listening"[^}]*}/.test(output), 'listening')
    port = Number(/"port":(\d+)/.exec(output)?.[1])
  })
  after(async () => {
    child.kill('SIGKILL')
    await rm(dir, { recursive: true, force: true })
  })

  /** What was measured since the last report. */
  const report = async (): Promise<LoopReport> => {
    child.send('report')
    const [message] = await once(child, 'message')
    return message
  }

  /** Sends bodies one after another, until `total` of them have been sent. */
  async function run(bodies: Iterator<Posted>, count: { sent: number; large: number }, total: number): Promise<void> {
    const lane = createLane(port)
    while (count.sent < total) {
      const number = count.sent++
      const posted = bodies.next().value as Posted
      if (posted.kind === 'large') count.large += 1
      const problem = await findProblem(lane, posted).catch((error: unknown) => String(error))
      const shown = posted.body.toString().slice(0, 500)
      assert.equal(problem, undefined, `seed ${seed}, body ${number} (${posted.kind}): ${problem}; ${shown}`)
    }
    lane.close()
  }

  test(`${totalBodies} bodies (seed ${seed}) → each has its response, and the event loop is never held for long`, async (t) => {
    const random = seeded(seed)
    const startMs = performance.now()
    const bodies = createBodies(random)
    const count = { sent: 0, large: 0 }
    await report()
    const halfSent = await Promise.all(Array.from({ length: 50 }, () => openSocket(port)))
    for (const socket of halfSent) socket.write(`${formatHead(100_000)}{"kind":`)
    const loops: LoopReport[] = []
    for (let part = 1; part <= parts; part += 1) {
      const total = (totalBodies * part) / parts
      await Promise.all(Array.from({ length: lanes }, () => run(bodies, count, total)))
      loops.push(await report())
    }
    for (const socket of halfSent) socket.destroy()

    const ms = (value: number) => `${value.toFixed(1)} ms`
    t.diagnostic(
      `seed ${seed}: ${totalBodies} bodies, ${count.large} of them large, in ${ms(performance.now() - startMs)}`,
    )
    for (const loop of loops) {
      t.diagnostic(
        `CPU time of a turn: p99.9 ${ms(loop.cpuP999)}, max ${ms(loop.cpuMax)}, of ${loop.turns} turns; ` +
          `delay: p99.9 ${ms(loop.delayP999)}, max ${ms(loop.delayMax)}; resident ${loop.residentMb.toFixed(0)} MB`,
      )
    }
    const cpuP999 = loops.map((loop) => loop.cpuP999).toSorted((a, b) => a - b)[Math.floor(parts / 2)] ?? Number.NaN
    assert.ok(cpuP999 <= 50, `the event loop was held for ${ms(cpuP999)}`)
  })

  test('bodies in chunks → 411', async () => {
    const lane = createLane(port)
    const head = formatHead(0).replace('Content-Length: 0', 'Transfer-Encoding: chunked')
    for (const text of hostileTexts) {
      assert.equal(await lane.sendRaw(head, `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`), 411)
      assert.equal(await lane.sendRaw(head, '1\r\n{\r\n'), 411)
    }
    lane.close()
  })

  test('afterwards → the process is well, and admits a driver with a patch', async () => {
    assert.equal(child.exitCode, null)
    const lane = createLane(port)
    const { status, body } = await lane.post(captureText('driver-pod.spark-submit'))
    assert.deepEqual([status, JSON.parse(body).response.patchType], [200, 'JSONPatch'])
    lane.close()
    const strays = output.split('\n').filter((line) => /"event":"(uncaught-exception|unhandled-rejection)"/.test(line))
    assert.deepEqual(strays.slice(0, 3), [])
  })
})
