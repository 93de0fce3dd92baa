/** The sidecar as a process of its own, on real files and real sockets. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sidecarEnv, sparkConfDir, verdictDir } from '../../core/contract/pod-contract.ts'
import { type DriverPolicy, encodePolicy } from '../../core/settings/driver-policy.ts'
import { applicationId, policyWith } from '../support/driver-policy.ts'
import { answersAs, httpUi } from '../support/fake-spark-ui.ts'
import { freePort } from '../support/free-ports.ts'
import { recordOf } from '../support/process-record.ts'

const main = join(import.meta.dirname, '../../sidecar/main.ts')
const quick: Partial<DriverPolicy> = {
  intervalMs: 100,
  timeoutMs: 300,
  unresponsiveDeadlineMs: 900,
  onHung: { kind: 'restart-all-containers', budget: { maxRestarts: 2, windowMs: 3_600_000, backoffMs: 0 } },
}

interface Pod {
  readonly root: string
  readonly path: (name: string) => string
  readonly has: (name: string) => boolean
  readonly message: () => string
  readonly start: (policy: string | undefined) => Sidecar
}

interface Sidecar {
  readonly child: ChildProcess
  readonly lines: () => readonly Readonly<Record<string, unknown>>[]
  readonly hasLogged: (text: string) => boolean
  readonly exit: Promise<readonly unknown[]>
}

/** What of a pod a sidecar sees. */
function pod(t: TestContext): Pod {
  const root = mkdtempSync(join(tmpdir(), 'spark-nanny-pod-'))
  mkdirSync(join(root, verdictDir), { recursive: true })
  mkdirSync(join(root, 'dev'))
  const path = (name: string) => join(root, verdictDir, name)
  // As the probes in the driver's container do.
  writeFileSync(path('processes'), recordOf('1'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const start = (policy: string | undefined): Sidecar => {
    const env = { [sidecarEnv.root]: root, ...(policy !== undefined && { [sidecarEnv.policy]: policy }) }
    const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    let out = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      out += text
    })
    t.after(() => child.kill('SIGKILL'))
    const lines = () =>
      out
        .split('\n')
        .slice(0, -1)
        .map((line): Record<string, unknown> => JSON.parse(line))
    return { child, lines, hasLogged: (text) => out.includes(text), exit: once(child, 'exit') }
  }
  return {
    root,
    path,
    has: (name) => existsSync(path(name)),
    message: () => {
      const file = join(root, 'dev/termination-log')
      return existsSync(file) ? readFileSync(file, 'utf8') : ''
    },
    start,
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 30_000
  while (!holds()) {
    if (Date.now() > deadline) assert.fail(`never: ${what}`)
    await sleep(10)
  }
}

/** A UI that responds as the driver until the test makes it hang. */
async function driver(t: TestContext, port = 0) {
  const state = { hangs: false, id: applicationId }
  const listener: RequestListener = (request, response) => {
    if (!state.hangs) answersAs(state.id)(request, response)
  }
  const ui = await httpUi(t, listener, port)
  return {
    ui,
    state,
    policy: (fields: Partial<DriverPolicy> = {}) =>
      encodePolicy(policyWith({ ...quick, ui: { scheme: 'http', port: ui.port }, ...fields })),
  }
}

/** Lets a process run for a fifth of the time, as the default CPU limit does for one that always has work. */
function throttle(t: TestContext, child: ChildProcess): void {
  let isOver = false
  t.after(() => {
    isOver = true
  })
  const run = async () => {
    while (!isOver && child.exitCode === null) {
      child.kill('SIGSTOP')
      await sleep(80)
      child.kill('SIGCONT')
      await sleep(20)
    }
  }
  void run()
}

/** Keeps forty connections to a port, and opens each again five milliseconds after it was closed. */
function flood(t: TestContext, port: number): void {
  const program = `
    const open = () => require('node:net').connect(${port}, '127.0.0.1')
      .on('error', () => {}).on('close', () => setTimeout(open, 5)).resume()
    for (let count = 0; count < 40; count += 1) open()`
  const child = spawn(process.execPath, ['-e', program], { stdio: 'inherit' })
  t.after(() => child.kill('SIGKILL'))
}

describe('sidecar process', () => {
  test('a UI that starts to answer → starting, then ready, and exit 0 on SIGTERM', async (t) => {
    const { has, start, path } = pod(t)
    const port = await freePort()
    const sidecar = start(encodePolicy(policyWith({ ...quick, ui: { scheme: 'http', port } })))
    await until('starting', () => has('starting'))
    assert.ok(!has('ready') && !has('hung'))
    await driver(t, port)
    await until('ready', () => has('ready'))
    assert.ok(!has('starting') && !has('hung'))
    assert.equal(JSON.parse(readFileSync(path('restart-state.json'), 'utf8')).answered, true)
    sidecar.child.kill('SIGTERM')
    assert.deepEqual(await sidecar.exit, [0, null])
    for (const line of sidecar.lines()) {
      assert.ok(Number.isInteger(line.level) && Number.isInteger(line.time) && typeof line.msg === 'string')
    }
  })

  test('a hung driver → exit 88 twice, then the pod fails', async (t) => {
    const { has, start, path, message } = pod(t)
    const { state, policy } = await driver(t)
    for (const attempt of [1, 2]) {
      state.hangs = false
      writeFileSync(path('processes'), recordOf(`${attempt}`))
      const sidecar = start(policy())
      await until('ready', () => has('ready'))
      state.hangs = true
      assert.deepEqual(await sidecar.exit, [88, null])
      assert.match(message(), new RegExp(`^unresponsive: .*restart ${attempt} of 2 within 1h, all containers$`))
      const memory = JSON.parse(readFileSync(path('restart-state.json'), 'utf8'))
      assert.deepEqual([memory.answered, memory.attempt, memory.restarts.length], [false, attempt + 1, attempt])
      assert.ok(!has('ready') && !has('hung') && !has('starting'))
    }
    state.hangs = false
    const last = start(policy())
    await until('ready', () => has('ready'))
    writeFileSync(path('processes'), recordOf('3'))
    state.hangs = true
    await until('hung', () => has('hung'))
    assert.match(message(), /no restart left: all 2 within 1h are spent/)
    state.hangs = false
    await until('ready again', () => has('ready'))
    assert.ok(!has('hung'))
    assert.equal(message(), '')
    assert.equal(last.child.exitCode, null)
  })

  test('a killed sidecar → the next one does not block the startup, and judges from the beginning', async (t) => {
    const { has, start } = pod(t)
    const { state, policy } = await driver(t)
    const first = start(policy({ onHung: { kind: 'fail-pod', budget: null } }))
    await until('ready', () => has('ready'))
    state.hangs = true
    await until('hung', () => has('hung'))
    first.child.kill('SIGKILL')
    await first.exit
    state.hangs = false
    const second = start(policy({ onHung: { kind: 'fail-pod', budget: null } }))
    await until('ready', () => has('ready'))
    assert.ok(!has('hung') && !has('starting'))
    assert.equal(second.child.exitCode, null)
  })

  test('a frozen sidecar of a healthy UI → no failure counts', async (t) => {
    const { has, start } = pod(t)
    const { policy } = await driver(t)
    const sidecar = start(policy({ intervalMs: 20, logLevel: 'debug' }))
    await until('ready', () => has('ready'))
    for (let count = 0; count < 4; count += 1) {
      sidecar.child.kill('SIGSTOP')
      await sleep(2_000)
      const before = sidecar.lines().length
      sidecar.child.kill('SIGCONT')
      await until('it polls again', () => sidecar.lines().length > before + 3)
    }
    assert.ok(!sidecar.hasLogged('"kind":"failing"'))
    assert.ok(!has('hung') && has('ready'))
  })

  test('a sidecar that is throttled and flooded, and a driver that hangs → the hang is found', async (t) => {
    const { has, start } = pod(t)
    const { state, policy } = await driver(t)
    const statusPort = await freePort()
    // The shortest timeout that is allowed.
    const fields = { intervalMs: 500, timeoutMs: 3_000, unresponsiveDeadlineMs: 6_000, statusPort } as const
    const sidecar = start(policy(fields))
    await until('ready', () => has('ready'))
    throttle(t, sidecar.child)
    flood(t, statusPort)
    await until200(`http://127.0.0.1:${statusPort}/status`)
    await sleep(3_000)
    assert.ok(has('ready') && !has('hung'))
    state.hangs = true
    await until200(`http://127.0.0.1:${statusPort}/status`)
    assert.deepEqual(await sidecar.exit, [88, null])
  })

  test('a driver that answers no polls, but other requests → a black box, which survives the restart', async (t) => {
    const { has, start, path } = pod(t)
    const state = { hangs: false }
    const ui = await httpUi(t, (request, response) => {
      if (request.url?.endsWith('/threads'))
        response.end('[{"threadId":1,"threadName":"main","stackTrace":{"elems":["a.B.c(B.java:1)"]}}]')
      else if (!state.hangs) answersAs(applicationId)(request, response)
    })
    const statusPort = await freePort()
    const fields = { ...quick, ui: { scheme: 'http', port: ui.port }, statusPort } as const
    const sidecar = start(encodePolicy(policyWith(fields)))
    await until('ready', () => has('ready'))
    state.hangs = true
    await until('a black box', () => has('blackbox-1.json'))
    assert.deepEqual(await sidecar.exit, [88, null])
    const { moments, answers, summary } = JSON.parse(readFileSync(path('blackbox-1.json'), 'utf8'))
    assert.equal(moments.at(-1).verdict.reason, 'unresponsive')
    assert.equal(answers.threads, '"main" #1\n  \n    at a.B.c(B.java:1)\n')
    assert.equal(summary.topFrame, 'main at a.B.c(B.java:1)')
    state.hangs = false
    start(encodePolicy(policyWith(fields)))
    const { blackBoxes } = await until200(`http://127.0.0.1:${statusPort}/status`)
    assert.deepEqual(blackBoxes, [summary])
    const served = await until200(`http://127.0.0.1:${statusPort}/blackbox/1`)
    assert.deepEqual(served.summary, summary)
  })

  test('a corrupt restart state → the initial state', async (t) => {
    const { has, start, path } = pod(t)
    writeFileSync(path('restart-state.json'), '{"answered":true,"att')
    const port = await freePort()
    const sidecar = start(encodePolicy(policyWith({ ...quick, ui: { scheme: 'http', port } })))
    await until('starting', () => has('starting'))
    assert.equal(sidecar.child.exitCode, null)
  })

  test('a UI that is off → startup not blocked, no action', async (t) => {
    const { has, start, root } = pod(t)
    mkdirSync(join(root, sparkConfDir), { recursive: true })
    writeFileSync(join(root, sparkConfDir, 'spark.properties'), 'spark.ui.enabled=false\n')
    const port = await freePort()
    const sidecar = start(encodePolicy(policyWith({ ...quick, ui: { scheme: 'http', port }, startupDeadlineMs: 300 })))
    await until('ready', () => has('ready'))
    await sleep(1_000)
    assert.ok(!has('hung') && !has('starting'))
    assert.equal(sidecar.child.exitCode, null)
    assert.ok(sidecar.hasLogged('spark.ui.enabled=false'))
  })

  const noPolicies: readonly (readonly [string, string | undefined])[] = [
    ['no policy', undefined],
    ['a policy that is no JSON', '{'],
    ['a policy with a wrong field', encodePolicy(policyWith({ intervalMs: -1 }))],
  ]
  for (const [what, text] of noPolicies) {
    test(`${what} → idle, no files that stop or block the driver, exit 0 on SIGTERM`, async (t) => {
      const { has, start, path } = pod(t)
      writeFileSync(path('hung'), '')
      writeFileSync(path('starting'), '')
      const sidecar = start(text)
      await until('the log line', () => sidecar.hasLogged('SPARK_NANNY_POLICY'))
      await sleep(300)
      assert.ok(!has('hung') && !has('starting'))
      assert.equal(sidecar.child.exitCode, null)
      sidecar.child.kill('SIGTERM')
      assert.deepEqual(await sidecar.exit, [0, null])
    })
  }

  test('a verdict directory that cannot be written → idle, with the reason in /status', async (t) => {
    const { start, root } = pod(t)
    const { policy } = await driver(t)
    // Root may write anywhere: a file in the folder's place hinders it too.
    rmSync(join(root, verdictDir), { recursive: true })
    writeFileSync(join(root, verdictDir), '')
    chmodSync(join(root, verdictDir), 0o444)
    const statusPort = await freePort()
    const sidecar = start(policy({ statusPort }))
    await until('the log line', () => sidecar.hasLogged('cannot be written'))
    const status = await until200(`http://127.0.0.1:${statusPort}/status`)
    assert.equal(status.state, 'idle')
    assert.match(String(status.reason), /cannot be written/)
    assert.equal(sidecar.child.exitCode, null)
  })

  test('a signal right after the start → exit 0', async (t) => {
    const { start } = pod(t)
    const { policy } = await driver(t)
    const sidecar = start(policy())
    await until('it runs', () => sidecar.hasLogged('monitoring the driver'))
    sidecar.child.kill('SIGINT')
    assert.deepEqual(await sidecar.exit, [0, null])
  })
})

async function until200(url: string): Promise<Readonly<Record<string, unknown>>> {
  const deadline = Date.now() + 30_000
  for (;;) {
    try {
      return (await (await fetch(url)).json()) as Record<string, unknown>
    } catch (error) {
      if (Date.now() > deadline) throw error
      await sleep(20)
    }
  }
}
