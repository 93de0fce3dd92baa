import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Cluster, connectCluster } from '../harness/cluster.ts'
import { attachDebugger, traceProcess } from '../harness/debugger.ts'
import {
  createDriverConf,
  freezeFromHost,
  pauseFromHost,
  startVariant,
  type Variant,
  variants,
} from '../harness/driver-variants.ts'
import { followHang, followTwin, type HangStory, type TwinStory } from '../harness/hang-runs.ts'
import { hostPid } from '../harness/host-process.ts'
import { createNamespace, deleteNamespace } from '../harness/namespaces.ts'
import { driverContainer, getPod, isReady, type PodRef } from '../harness/pods.ts'
import { waitFor } from '../harness/processes.ts'
import type { Driver } from '../harness/scenario.ts'
import { isInjected } from '../harness/sidecar.ts'
import { startWebhook, type Webhook } from '../harness/webhook.ts'

const namespace = `endings-${process.pid}`
let cluster: Cluster
let webhook: Webhook

before(async () => {
  cluster = await connectCluster()
  await createNamespace(cluster, namespace, { 'spark-nanny.io/inject': 'enabled', webhook: 'endings' })
  await createDriverConf(cluster, namespace)
  webhook = await startWebhook(cluster, { name: 'endings' })
})
after(async () => {
  await deleteNamespace(cluster, namespace)
  await webhook?.stop()
})

type VariantName = keyof typeof variants

const settings = { interval: '1s', timeout: '5s', 'unresponsive-deadline': '30s' }
const resubmit = { ...settings, restart: 'resubmit' }
/** Deadlines that pass while a debugger holds the driver. */
const impatient = { ...resubmit, 'frozen-deadline': '10s', 'busy-deadline': '40s' }

interface Ending {
  readonly variant: VariantName
  readonly story: Pick<HangStory, 'reasons' | 'outcome' | 'exitCode'>
  /** Default: the pod shall fail. */
  readonly inPlace?: true
}

const failed = (exitCode: number) => ({ reasons: ['frozen'], outcome: 'failed', exitCode }) as const

const endings: readonly Ending[] = [
  // No signal from inside its container ends process 1. The kubelet does.
  { variant: 'jvm-is-process-1', story: failed(137) },
  { variant: 'other-user-below-root', story: failed(142) },
  // The kernel refuses the signal. The kubelet ends the container: tini exits with 1, because its signal is refused too.
  { variant: 'other-user-without-kill', story: failed(1) },
  { variant: 'other-user-than-the-image', story: failed(142) },
  { variant: 'no-shell', story: { reasons: ['unresponsive'], outcome: 'reported' } },
  { variant: 'no-shell', inPlace: true, story: { reasons: ['unresponsive'], outcome: 'restarted' } },
]

/** Runs a driver of a variant for `seconds`; 0: without an end. */
const startDriver = async (
  context: TestContext,
  name: string,
  variant: VariantName,
  seconds: number,
  changes: Readonly<Record<string, string>>,
) => {
  const container: Variant = variants[variant]
  const driver = await startVariant(cluster, context, { name, namespace, ...container, args: [seconds] }, changes)
  assert.ok(isInjected(await getPod(cluster, driver)), 'it has a sidecar')
  return driver
}

const twinStory: TwinStory = {
  until: /app: context up/,
  disturb: (_, driver) => pauseFromHost(cluster, driver, 12_000),
  completes: /app: loop ended/,
}

const runTwin = async (
  context: TestContext,
  variant: VariantName,
  story: TwinStory,
  seconds = 60,
  changes: Readonly<Record<string, string>> = resubmit,
): Promise<Driver> => {
  const driver = await startDriver(context, `${variant}-twin`, variant, seconds, changes)
  await followTwin(cluster, context, driver, story)
  return driver
}

/** Suspends all threads by the debug agent, as a breakpoint does. */
const suspend = async (ref: PodRef, durationMs: number): Promise<void> => {
  const debug = await attachDebugger((await getPod(cluster, ref))?.status?.podIP ?? '')
  await debug.suspend()
  await sleep(durationMs)
  await debug.resume()
  debug.close()
}

const trace = async (ref: PodRef, durationMs: number): Promise<void> => {
  const release = await traceProcess(await hostPid(cluster, ref, driverContainer, 'java'))
  await sleep(durationMs)
  await release()
}

describe('how drivers of other containers end', { concurrency: 8 }, () => {
  for (const { variant, story, inPlace = false } of endings) {
    const { reasons, outcome, exitCode } = story
    const name = inPlace ? `${variant}-in-place` : variant
    test(`${name}, frozen → ${[...reasons, outcome, exitCode].filter(Boolean).join(', ')}`, async (context) => {
      const driver = await startDriver(context, name, variant, 0, inPlace ? settings : resubmit)
      await followHang(cluster, context, driver, { until: /app: job 2 done/, hang: freezeFromHost, ...story })
    })
  }

  test('python, frozen JVM → 142, and its Python processes have ended', async (context) => {
    const driver = await startDriver(context, 'python', 'python', 0, resubmit)
    const pythons: number[] = []
    const hang = async () => {
      pythons.push(await hostPid(cluster, driver, driverContainer, 'python3'))
      await freezeFromHost(cluster, driver)
    }
    await followHang(cluster, context, driver, { until: /app: job 2 done/, hang, ...failed(142) })
    await waitFor({ what: 'the Python processes have ended', timeoutMs: 10_000 }, async () =>
      pythons.every((pid) => !existsSync(`/proc/${pid}`)) ? true : undefined,
    )
  })

  const frozen = new Set<VariantName>([...endings.map(({ variant }) => variant), 'python'])
  for (const variant of frozen.difference(new Set(['no-shell']))) {
    test(`${variant}, a pause → lives and completes`, async (context) => {
      await runTwin(context, variant, twinStory)
    })
  }

  test('no-shell, a pause → lives and completes, but is never Ready', async (context) => {
    const driver = await runTwin(context, 'no-shell', twinStory)
    assert.ok(!driver.timeline.entries.some(({ pod }) => isReady(pod)))
  })

  const debuggers = [
    { variant: 'unseen-debug-agent', hold: suspend },
    { variant: 'traced', hold: trace },
  ] as const
  for (const { variant, hold } of debuggers) {
    const story: TwinStory = {
      until: /app: job 1 done/,
      disturb: (_, driver) => hold(driver, 60_000),
      completes: /app: loop ended/,
      shows: /a debugger may hold the driver/,
    }
    test(`${variant}, held for longer than any deadline → unknown, lives and completes`, async (context) => {
      await runTwin(context, variant, story, 100, impatient)
    })
  }
})
