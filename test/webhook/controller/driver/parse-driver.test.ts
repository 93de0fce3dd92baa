import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { encodePolicy } from '../../../../core/settings/driver-policy.ts'
import { findWaitReason } from '../../../../webhook/controller/assess/startup-delay.ts'
import { parseDriver } from '../../../../webhook/controller/driver/parse-driver.ts'
import { classifyDriver } from '../../../../webhook/controller/metrics/driver-counts.ts'
import { findTermination, requestsRestart } from '../../../../webhook/controller/metrics/termination.ts'
import {
  createdMs,
  type DriverPodOptions,
  driverPod,
  iso,
  running,
  terminated,
  waiting,
} from '../../../support/driver-pods.ts'
import { policyWith } from '../../../support/driver-policy.ts'
import { createDriver } from './drivers.ts'

const crashes = join(import.meta.dirname, '../../../data/crashes')
const captured = (name: string) => parseDriver(JSON.parse(readFileSync(join(crashes, name, 'pod.json'), 'utf8')))
const names = readdirSync(crashes, { withFileTypes: true }).filter((entry) => entry.isDirectory())

describe('parseDriver', () => {
  const observing = encodePolicy(policyWith({ onHung: { kind: 'observe', budget: null } }))
  const debugged = [{ name: 'JAVA_TOOL_OPTIONS', value: '-agentlib:jdwp=server=y' }]
  for (const [name, options, observed] of [
    ['a driver', {}, null],
    ['a toolbox', { args: ['sleep', 'infinity'] }, 'unproven'],
    ['a sidecar that restarts', { sidecar: { policy: encodePolicy(policyWith()) } }, null],
    ['a sidecar that only observes', { sidecar: { policy: observing } }, 'hangs-only-reported'],
    ['a debugger without a sidecar', { env: debugged, sidecar: null }, 'hangs-only-reported'],
    [
      'no UI, without a sidecar',
      { args: ['driver', '--conf', 'spark.ui.port=0'], sidecar: null },
      'hangs-only-reported',
    ],
  ] as const) {
    test(`${name} → observed: ${observed}`, () => assert.equal(createDriver(options).observed, observed))
  }

  const fromMap = { configMapKeyRef: { name: 'debug', key: 'options' } }
  for (const [name, options, observed] of [
    ['plain Java options', { env: [{ name: 'JAVA_TOOL_OPTIONS', value: '-Xmx1g -Dmail=a@b.c' }] }, null],
    ['a bind address of the pod', { env: [{ name: 'SPARK_DRIVER_BIND_ADDRESS', valueFrom: {} }] }, null],
    ['another variable of a ConfigMap', { env: [{ name: 'TOKEN', valueFrom: fromMap }] }, null],
    ...[
      'JAVA_TOOL_OPTIONS',
      'JDK_JAVA_OPTIONS',
      '_JAVA_OPTIONS',
      'SPARK_SUBMIT_OPTS',
      'SPARK_JAVA_OPTS',
      'SPARK_JAVA_OPT_0',
    ].map(
      (variable) =>
        [
          `${variable} of a ConfigMap`,
          { env: [{ name: variable, valueFrom: fromMap }] },
          'hangs-only-reported',
        ] as const,
    ),
    [
      'Java options with a variable',
      { env: [{ name: 'JAVA_TOOL_OPTIONS', value: '-Xmx1g $(DEBUG)' }] },
      'hangs-only-reported',
    ],
    [
      'a file of arguments',
      { env: [{ name: 'JDK_JAVA_OPTIONS', value: '-Xmx1g @/opt/arguments' }] },
      'hangs-only-reported',
    ],
    [
      'a file of options',
      { env: [{ name: 'JAVA_TOOL_OPTIONS', value: '-XX:VMOptionsFile=/opt/o' }] },
      'hangs-only-reported',
    ],
    [
      'a debugger in SPARK_JAVA_OPT_0',
      { env: [{ name: 'SPARK_JAVA_OPT_0', value: '-agentlib:jdwp=x' }] },
      'hangs-only-reported',
    ],
    ['all variables of a ConfigMap', { envFrom: [{ configMapRef: { name: 'debug' } }] }, 'hangs-only-reported'],
    [
      'all variables of a Secret',
      { envFrom: [{ secretRef: { name: 'debug' }, prefix: 'JAVA_' }] },
      'hangs-only-reported',
    ],
    [
      'a property with a variable',
      { args: ['driver', '--conf', 'spark.driver.extraJavaOptions=$(DEBUG)', '--class', 'A', 'local:///a.jar'] },
      'hangs-only-reported',
    ],
  ] satisfies readonly (readonly [string, DriverPodOptions, string | null])[]) {
    test(`without a sidecar, ${name} → observed: ${observed}`, () =>
      assert.equal(createDriver({ sidecar: null, ...options }).observed, observed))
  }

  test('all variables of a ConfigMap, and a sidecar, which sees the processes → observed: null', () => {
    const options = {
      envFrom: [{ configMapRef: { name: 'debug' } }],
      sidecar: { policy: encodePolicy(policyWith({})) },
    }
    assert.equal(createDriver(options).observed, null)
  })

  test('captured pods → phase, exit code and wait reason', () => {
    const story = Object.fromEntries(
      names.map(({ name }) => {
        const driver = captured(name)
        assert.ok(driver)
        const { state } = driver.driver
        return [
          name,
          [driver.phase, state.kind === 'ended' ? state.exitCode : state.kind, findWaitReason(driver)?.reason],
        ]
      }),
    )
    assert.deepEqual(story, {
      'class-missing': ['Failed', 101, undefined],
      'forbidden-sa': ['Failed', 1, undefined],
      'heap-oom': ['Failed', 1, undefined],
      'image-missing': ['Pending', 'waiting', 'image-pull'],
      'plain-pi': ['Succeeded', 0, undefined],
      unschedulable: ['Pending', 'waiting', 'pending'],
      'user-error': ['Failed', 1, undefined],
    })
  })

  test('a parsed driver → is smaller than 2.5 kB', () => {
    for (const { name } of names) {
      const size = JSON.stringify(captured(name)).length
      assert.ok(size < 2_500, `${name}: ${size}`)
    }
  })

  test('a pod of a tenant with texts of a megabyte in every field → what is kept stays below 32 kB', () => {
    const long = 'x'.repeat(1_000_000)
    const pod = structuredClone(driverPod({ state: waiting('ImagePullBackOff') })) as unknown as {
      metadata: Record<string, unknown>
      spec: { containers: Record<string, unknown>[]; nodeName?: string }
      status: Record<string, unknown>
    }
    Object.assign(pod.metadata, {
      annotations: Object.fromEntries(
        Array.from({ length: 5_000 }, (_, index) => [`spark-nanny.io/${index}`, index === 0 ? long : 'x'.repeat(400)]),
      ),
      finalizers: Array.from({ length: 1_000 }, () => `example.io/${long}`),
      ownerReferences: [
        {
          apiVersion: 'sparkoperator.k8s.io/v1beta2',
          kind: 'SparkApplication',
          name: long,
          uid: long,
          controller: true,
        },
      ],
    })
    for (const container of pod.spec.containers) container.image = long
    pod.spec.nodeName = long
    const status = { containerID: long, state: { waiting: { reason: long, message: long } } }
    Object.assign(pod.status, {
      reason: long,
      containerStatuses: pod.spec.containers.map(({ name }) => ({ ...status, name })),
    })
    const size = JSON.stringify(parseDriver(pod)).length
    assert.ok(size < 32_000, `${size}`)
  })

  test('more annotations than are kept → those that spark-nanny knows are among them', () => {
    const unknown = Array.from({ length: 500 }, (_, index) => [`spark-nanny.io/a${index}`, 'x'])
    const known = [
      ['spark-nanny.io/paused-until', '2099-01-01T00:00:00Z'],
      ['spark-nanny.io/restart', 'observe'],
    ]
    const driver = createDriver({ annotations: Object.fromEntries([...unknown, ...known]) })
    for (const [name = '', value] of known) assert.equal(driver.annotations[name], value)
    assert.equal(Object.keys(driver.annotations).length, 50)
  })

  test('an object without pod fields, name or uid → undefined', () => {
    for (const object of [null, {}, { metadata: {}, spec: { containers: [] } }])
      assert.equal(parseDriver(object), undefined)
  })

  test('an arbitrary object → is parsed or left out, and never throws', () => {
    const keys = [
      'metadata',
      'spec',
      'status',
      'conditions',
      'containers',
      'initContainers',
      'containerStatuses',
      'state',
    ]
    const junk = fc.anything({ key: fc.constantFrom(...keys, 'name', 'env', 'annotations', 'labels'), maxDepth: 4 })
    const places = fc.constantFrom(
      ...[
        'metadata.labels',
        'metadata.annotations',
        'metadata.ownerReferences',
        'spec.containers',
        'spec.initContainers',
      ],
      ...[
        'spec',
        'status',
        'status.conditions',
        'status.containerStatuses',
        'status.initContainerStatuses',
        'metadata',
      ],
    )
    fc.assert(
      fc.property(places, junk, (place, value) => {
        const pod = structuredClone(driverPod()) as unknown as Record<string, Record<string, unknown>>
        const [first = '', second] = place.split('.')
        if (second === undefined) Reflect.set(pod, first, value)
        else Reflect.set(pod[first] ?? {}, second, value)
        parseDriver(pod)
      }),
    )
  })

  test('a foreign container with the sidecar’s name → is not the sidecar', () => {
    const pod = driverPod()
    const spec = pod.spec as { initContainers: { env: unknown }[] }
    const alien = { ...pod, spec: { ...spec, initContainers: [{ ...spec.initContainers[0], env: [] }] } }
    assert.equal(parseDriver(alien)?.sidecar, null)
  })

  const endings: readonly [
    string,
    ReturnType<typeof createDriver>,
    ReturnType<typeof createDriver>,
    string | undefined,
  ][] = [
    ['still running', createDriver(), createDriver({ ready: false }), undefined],
    ['succeeded', createDriver(), createDriver({ phase: 'Succeeded', state: terminated(0, createdMs) }), 'completed'],
    ['failed', createDriver(), createDriver({ phase: 'Failed', state: terminated(1, createdMs) }), 'error'],
    [
      'killed for out of memory',
      createDriver(),
      createDriver({ phase: 'Failed', state: terminated(137, createdMs, { reason: 'OOMKilled' }) }),
      'oom-killed',
    ],
    [
      'restarted in place',
      createDriver(),
      createDriver({
        restarts: 1,
        state: running(),
        lastState: terminated(137, createdMs),
        sidecar: { state: terminated(88, createdMs) },
      }),
      'hung',
    ],
    [
      'restarted by the kubelet',
      createDriver(),
      createDriver({ restarts: 1, state: running(), lastState: terminated(1, createdMs) }),
      'error',
    ],
    [
      'hung, and its pod failed',
      createDriver(),
      createDriver({
        phase: 'Failed',
        state: terminated(137, createdMs),
        sidecar: { state: terminated(0, createdMs, { message: 'unresponsive: …; hung since 2026; the pod fails' }) },
      }),
      'hung',
    ],
    [
      'evicted',
      createDriver(),
      createDriver({ phase: 'Failed', status: { phase: 'Failed', reason: 'Evicted' } }),
      'evicted',
    ],
    [
      'node deleted',
      createDriver(),
      createDriver({
        phase: 'Failed',
        status: {
          phase: 'Failed',
          conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager' }],
        },
      }),
      'node-lost',
    ],
    [
      'deleted by a user',
      createDriver(),
      createDriver({ phase: 'Failed', state: terminated(137, createdMs), deletionTimestamp: iso(createdMs) }),
      'deleted',
    ],
    ['ended before', createDriver({ phase: 'Failed' }), createDriver({ phase: 'Failed' }), undefined],
  ]
  for (const [name, before, now, expected] of endings) {
    test(`${name} → ${expected ?? 'no termination'}`, () =>
      assert.equal(findTermination(before, now, requestsRestart(now))?.cause, expected))
  }

  test('classifyDriver → the state shown in the metrics', () => {
    const states = {
      pending: createDriver({ phase: 'Pending', state: waiting('PodInitializing'), ready: false }),
      starting: createDriver({ ready: false, state: running(createdMs + 30_000) }),
      ready: createDriver(),
      'not-ready': createDriver({ ready: false }),
      terminating: createDriver({ deletionTimestamp: iso(createdMs) }),
    }
    for (const [state, driver] of Object.entries(states)) assert.equal(classifyDriver(driver), state)
    assert.equal(classifyDriver(createDriver({ phase: 'Succeeded' })), undefined)
  })
})
