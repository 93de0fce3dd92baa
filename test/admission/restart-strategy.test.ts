import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { chooseRestart, describeAction, findRestartPolicy } from '../../admission/restart-strategy.ts'
import type { Capabilities } from '../../core/kubernetes/capabilities.ts'
import type { HungPolicy } from '../../core/settings/driver-policy.ts'
import { resolveSettings } from '../../core/settings/settings.ts'
import type { OwnerRestartPolicy, SparkOperator } from '../../core/spark/application.ts'
import type { ApplicationLookup } from '../../core/spark/application-reference.ts'

const owned = (operator: SparkOperator, restartPolicy: OwnerRestartPolicy): ApplicationLookup => ({
  kind: 'found',
  application: { operator, namespace: 'spark', name: 'app', annotations: {}, sparkConf: {}, restartPolicy },
})
const never = owned('kubeflow', { kind: 'never' })
const onFailure = (retries: number) => owned('kubeflow', { kind: 'on-failure', retries })
const always = owned('kubeflow', { kind: 'always' })
const reference = { operator: 'kubeflow', namespace: 'spark', name: 'app', uid: 'u' } as const
const unreadable: ApplicationLookup = { kind: 'unreadable', reference, detail: 'timeout' }
const plain: ApplicationLookup = { kind: 'none' }

const hourly = { maxRestarts: 3, windowMs: 3_600_000, backoffMs: 10_000 }
const rebuild = (budget: HungPolicy['budget'] & object): HungPolicy => ({ kind: 'restart-all-containers', budget })
const restartDriver: HungPolicy = { kind: 'restart-driver-container', budget: hourly }
const byExitCode = (budget: HungPolicy['budget'] & object): HungPolicy => ({ kind: 'restart-by-exit-code', budget })
const fail: HungPolicy = { kind: 'fail-pod', budget: null }

const capabilitiesFor = (capable: 'all' | 'driver' | false): Capabilities => ({
  nativeSidecars: true,
  restartAllContainers: capable === 'all',
  containerRestartRules: capable !== false,
  openShift: false,
})

interface Row {
  readonly name: string
  readonly written?: Record<string, string>
  readonly application: ApplicationLookup
  /** What the cluster can restart in place; by default all containers. */
  readonly capable?: 'all' | 'driver' | false
  readonly hasOwnRestartPolicy?: boolean
  readonly sharesProcesses?: boolean
  readonly podRestartPolicy?: string
  readonly liveness?: boolean
  readonly action: HungPolicy
  /** One pattern a warning. */
  readonly warnings?: readonly RegExp[]
  readonly sets?: 'OnFailure'
}

const rows: readonly Row[] = [
  { name: 'auto, Never', application: never, action: fail, warnings: [/is Never: .* not submitted again/] },
  {
    name: 'auto, OnFailure(2)',
    application: onFailure(2),
    action: rebuild({ ...hourly, maxRestarts: 2, windowMs: null }),
  },
  { name: 'auto, OnFailure(0)', application: onFailure(0), action: fail, warnings: [/OnFailure without retries/] },
  { name: 'auto, Always', application: always, action: rebuild({ ...hourly, maxRestarts: null, windowMs: null }) },
  { name: 'auto, plain', application: plain, action: rebuild(hourly) },
  { name: 'auto, Apache Always', application: owned('apache', { kind: 'always' }), action: fail },
  { name: 'auto, Apache Never', application: owned('apache', { kind: 'never' }), action: fail, warnings: [/is Never/] },
  { name: 'auto, unreadable', application: unreadable, action: fail, warnings: [/could not be read \(timeout\)/] },
  {
    name: 'auto, max-restarts written, OnFailure(2)',
    written: { 'max-restarts': '7' },
    application: onFailure(2),
    action: rebuild({ ...hourly, maxRestarts: 7 }),
  },
  {
    name: 'auto, max-restarts written, Always, backoff',
    written: { 'max-restarts': '7', 'restart-backoff': '1m' },
    application: always,
    action: rebuild({ maxRestarts: 7, windowMs: 3_600_000, backoffMs: 60_000 }),
  },
  {
    name: 'auto, max-restarts written, Never',
    written: { 'max-restarts': '7' },
    application: never,
    action: fail,
    warnings: [/Never/],
  },
  { name: 'auto, incapable, OnFailure(2)', application: onFailure(2), capable: false, action: fail },
  { name: 'auto, incapable, Always', application: always, capable: false, action: fail },
  {
    name: 'auto, incapable, plain',
    application: plain,
    capable: false,
    action: fail,
    warnings: [/no owner is known that would submit/],
  },
  { name: 'in-place, Never', written: { restart: 'in-place' }, application: never, action: rebuild(hourly) },
  {
    name: 'in-place, incapable',
    written: { restart: 'in-place' },
    application: never,
    capable: false,
    action: restartDriver,
    warnings: [/sets the pod’s restartPolicy to OnFailure/],
    sets: 'OnFailure',
  },
  {
    name: 'in-place, Apache',
    written: { restart: 'in-place' },
    application: owned('apache', { kind: 'always' }),
    action: rebuild(hourly),
    warnings: [/Apache’s operator/],
  },
  {
    name: 'in-place, incapable, a pod of Always',
    written: { restart: 'in-place' },
    application: plain,
    capable: false,
    podRestartPolicy: 'Always',
    action: restartDriver,
  },
  { name: 'resubmit, OnFailure(2)', written: { restart: 'resubmit' }, application: onFailure(2), action: fail },
  {
    name: 'resubmit, Never',
    written: { restart: 'resubmit' },
    application: never,
    action: fail,
    warnings: [/not submitted again/],
  },
  {
    name: 'resubmit, plain',
    written: { restart: 'resubmit' },
    application: plain,
    action: fail,
    warnings: [/submit it again/],
  },
  {
    name: 'resubmit, a pod of OnFailure',
    written: { restart: 'resubmit' },
    application: plain,
    podRestartPolicy: 'OnFailure',
    action: restartDriver,
    warnings: [/the kubelet restarts a hung driver’s container instead/],
  },
  { name: 'observe', written: { restart: 'observe' }, application: never, action: { kind: 'observe', budget: null } },
  { name: 'auto, a pod of Always', application: never, podRestartPolicy: 'Always', action: rebuild(hourly) },
  {
    name: 'auto, a pod of Always, incapable',
    application: plain,
    podRestartPolicy: 'Always',
    capable: false,
    action: restartDriver,
    warnings: [/restartPolicy is Always/],
  },
  {
    name: 'auto, 1.35, OnFailure(2)',
    application: onFailure(2),
    capable: 'driver',
    action: fail,
  },
  { name: 'auto, 1.35, plain', application: plain, capable: 'driver', action: byExitCode(hourly) },
  {
    name: 'auto, 1.35, Never',
    application: never,
    capable: 'driver',
    action: fail,
    warnings: [/is Never: .* not submitted again/],
  },
  {
    name: 'auto, 1.35, Apache Always',
    application: owned('apache', { kind: 'always' }),
    capable: 'driver',
    action: fail,
  },
  {
    name: 'in-place, 1.35, the pod keeps its restartPolicy',
    written: { restart: 'in-place' },
    application: never,
    capable: 'driver',
    action: byExitCode(hourly),
    warnings: [/kubeflow’s operator may take the moment/],
  },
  {
    name: 'in-place, 1.35, Apache',
    written: { restart: 'in-place' },
    application: owned('apache', { kind: 'always' }),
    capable: 'driver',
    action: byExitCode(hourly),
    warnings: [/Apache’s operator/],
  },
  {
    name: 'auto, 1.35, a container with its own restartPolicy',
    application: onFailure(2),
    capable: 'driver',
    hasOwnRestartPolicy: true,
    action: fail,
    warnings: [/its own restartPolicy/],
  },
  {
    name: 'auto, 1.35, a shared process namespace',
    application: onFailure(2),
    capable: 'driver',
    sharesProcesses: true,
    action: fail,
    warnings: [/shares its process namespace, so a hung driver is not restarted in place/],
  },
  {
    name: 'auto, 1.35, no liveness probe of spark-nanny',
    application: onFailure(2),
    capable: 'driver',
    liveness: false,
    action: fail,
    warnings: [/does not have spark-nanny’s liveness probe: .* the controller deletes its pod if/],
  },
  {
    name: 'auto, 1.35, a pod of Always',
    application: plain,
    capable: 'driver',
    podRestartPolicy: 'Always',
    action: restartDriver,
    warnings: [/restartPolicy is Always/],
  },
  {
    name: 'in-place, a container with restartPolicy Never of its own',
    written: { restart: 'in-place' },
    application: onFailure(2),
    capable: 'driver',
    hasOwnRestartPolicy: true,
    action: fail,
    warnings: [/restartPolicy Never of its own/],
  },
  {
    name: 'in-place, a container with rules of its own',
    written: { restart: 'in-place' },
    application: onFailure(2),
    capable: 'driver',
    podRestartPolicy: 'OnFailure',
    hasOwnRestartPolicy: true,
    action: restartDriver,
  },
  {
    name: 'resubmit, 1.35, OnFailure(2)',
    written: { restart: 'resubmit' },
    application: onFailure(2),
    capable: 'driver',
    action: fail,
  },
  {
    name: 'no liveness probe of spark-nanny, fail-pod',
    application: never,
    liveness: false,
    action: { kind: 'observe', budget: null },
    warnings: [/is only reported$/],
  },
  {
    name: 'no liveness probe of spark-nanny, in-place, incapable',
    written: { restart: 'in-place' },
    application: plain,
    capable: false,
    liveness: false,
    action: { kind: 'observe', budget: null },
    warnings: [/is only reported$/],
  },
  {
    name: 'no liveness probe of spark-nanny, unreadable',
    application: unreadable,
    liveness: false,
    action: fail,
    warnings: [/the controller deletes its pod if its owner submits it again$/],
  },
  {
    name: 'no liveness probe of spark-nanny, in place',
    application: plain,
    liveness: false,
    action: rebuild(hourly),
    warnings: [/after its last restart .* only reported/],
  },
]

describe('chooseRestart', () => {
  for (const row of rows) {
    test(`${row.name} → ${row.action.kind}`, () => {
      const { action, podRestartPolicy, warnings } = chooseRestart({
        settings: resolveSettings({ pod: asAnnotations(row.written) }),
        application: row.application,
        capabilities: capabilitiesFor(row.capable ?? 'all'),
        hasOwnRestartPolicy: row.hasOwnRestartPolicy ?? false,
        driverRestartPolicy: row.podRestartPolicy ?? 'Never',
        sharesProcesses: row.sharesProcesses ?? false,
        liveness: row.liveness ?? true,
      })
      assert.deepEqual(action, row.action)
      assert.equal(podRestartPolicy, row.sets ?? null)
      assert.equal(warnings.length, row.warnings?.length ?? 0, warnings.join('\n'))
      for (const [index, pattern] of (row.warnings ?? []).entries()) assert.match(warnings[index] ?? '', pattern)
    })
  }

  const asAnnotations = (written: Readonly<Record<string, string>> = {}) =>
    Object.fromEntries(Object.entries(written).map(([key, value]) => [`spark-nanny.io/${key}`, value]))

  test('max-restarts in the chart and restartPolicy of the owner → the owner wins', () => {
    const { action } = chooseRestart({
      settings: resolveSettings({ chart: { 'max-restarts': '7' } }),
      application: onFailure(2),
      capabilities: capabilitiesFor('all'),
      hasOwnRestartPolicy: false,
      driverRestartPolicy: 'Never',
      sharesProcesses: false,
      liveness: true,
    })
    assert.deepEqual(action.budget, { maxRestarts: 2, windowMs: null, backoffMs: 10_000 })
  })

  for (const driverRestartPolicy of ['Never', 'OnFailure'] as const) {
    for (const restart of ['auto', 'in-place', 'resubmit'] as const) {
      test(`a shared process namespace, ${driverRestartPolicy}, restart ${restart} → the kubelet restarts no driver`, () => {
        const { action, podRestartPolicy } = chooseRestart({
          settings: resolveSettings({ pod: { 'spark-nanny.io/restart': restart } }),
          application: { kind: 'none' },
          capabilities: capabilitiesFor(false),
          hasOwnRestartPolicy: false,
          driverRestartPolicy,
          sharesProcesses: true,
          liveness: true,
        })
        assert.equal(action.kind, driverRestartPolicy === 'Never' && restart !== 'in-place' ? 'fail-pod' : 'observe')
        assert.equal(podRestartPolicy, null)
      })
    }
  }

  const ofPod = (restartPolicy: string | undefined, driver: object) =>
    findRestartPolicy(
      { spec: { containers: [], ...(restartPolicy !== undefined && { restartPolicy }) } },
      { name: 'driver', ...driver },
    )
  for (const [pod, driver, expected] of [
    ['Never', {}, 'Never'],
    [undefined, {}, 'Always'],
    ['Never', { restartPolicy: 'OnFailure' }, 'OnFailure'],
    ['Always', { restartPolicy: 'Never' }, 'Never'],
    ['Never', { restartPolicy: 'Never', restartPolicyRules: [{ action: 'Restart' }] }, 'OnFailure'],
  ] as const) {
    test(`restartPolicy ${pod} of the pod, ${JSON.stringify(driver)} of the container → ${expected}`, () =>
      assert.equal(ofPod(pod, driver), expected))
  }

  const usual = { kubeletRestarts: false, liveness: true }
  for (const [action, context, expected] of [
    [
      rebuild(hourly),
      usual,
      'restart all containers, at most 3 in 1h, 10s apart or more; after the last one, fail the pod',
    ],
    [
      rebuild(hourly),
      { ...usual, kubeletRestarts: true },
      'restart all containers, at most 3 in 1h, 10s apart or more; after the last one, report only',
    ],
    [
      rebuild(hourly),
      { ...usual, liveness: false },
      'restart all containers, at most 3 in 1h, 10s apart or more; after the last one, report only',
    ],
    [
      rebuild({ maxRestarts: null, windowMs: null, backoffMs: 0 }),
      usual,
      'restart all containers, without limit in the life of the pod, 0s apart or more',
    ],
    [
      byExitCode(hourly),
      usual,
      'restart the driver container by its exit code, at most 3 in 1h, 10s apart or more; after the last one, fail the pod',
    ],
    [fail, usual, 'fail the pod'],
    [fail, { ...usual, liveness: false }, 'report it; the controller deletes the pod if its owner submits it again'],
    [{ kind: 'observe', budget: null }, usual, 'report only'],
  ] as const) {
    test(`${action.kind}, ${JSON.stringify(context)} → ${expected}`, () =>
      assert.equal(describeAction(action, context), expected))
  }
})
