import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { admit } from '../../admission/admit.ts'
import type { Container, Pod } from '../../core/kubernetes/pod.ts'
import { findApplicationReference } from '../../core/spark/application-reference.ts'
import { capableContext, capturePod, requestFor } from '../support/admission-captures.ts'

const pod = capturePod('driver-pod.spark-submit')
const [driver] = pod.spec.containers

const withDriver = (fields: Partial<Container>): Pod => ({
  ...pod,
  spec: {
    ...pod.spec,
    containers: pod.spec.containers.map((item) => (item === driver ? { ...item, ...fields } : item)),
  },
})
const withEnv = (name: string, value: string) => withDriver({ env: [...(driver?.env ?? []), { name, value }] })
const withArgs = (...args: readonly string[]) => withDriver({ args: [...(driver?.args ?? []).slice(0, 1), ...args] })
const withAnnotations = (annotations: Readonly<Record<string, string>>): Pod => ({
  ...pod,
  metadata: { ...pod.metadata, annotations },
})
const taskGroups = (text: string) =>
  withAnnotations({ 'yunikorn.apache.org/task-group-name': 'a', 'yunikorn.apache.org/task-groups': text })
const numbered = <T>(count: number, create: (at: number) => T) => Array.from({ length: count }, (_, at) => create(at))
const million = 1_000_000

/** Each of them takes minutes, or more memory than there is, if any step takes time in the square of its size. */
const hostile: readonly [string, () => Pod][] = [
  [
    '9,500 unknown settings',
    () => withAnnotations(Object.fromEntries(numbered(9_500, (at) => [`spark-nanny.io/startup-dedline-${at}`, 'x']))),
  ],
  ['an unknown setting of 1 MB', () => withAnnotations({ [`spark-nanny.io/${'x'.repeat(million)}`]: 'x' })],
  ['a duration of 1 MB', () => withAnnotations({ 'spark-nanny.io/timeout': '1.1ms'.repeat(million / 5) })],
  ['a word of 1 MB', () => withAnnotations({ 'spark-nanny.io/restart': 'in-plaec'.repeat(million / 8) })],
  ['slashes in SPARK_CONF_DIR', () => withEnv('SPARK_CONF_DIR', `${'/'.repeat(million)}x`)],
  [
    'slashes in a mount path',
    () => withDriver({ volumeMounts: [{ name: 'data', mountPath: `${'/'.repeat(million)}x` }] }),
  ],
  ['references without an end', () => withArgs('$('.repeat(million))],
  ['references to a long value', () => ({ ...withArgs('$(LONG)'.repeat(million / 8)), ...withLongVariable() })],
  ['entrypoints before a blank', () => withDriver({ command: [`${'entrypoint'.repeat(million / 10)} `], args: [] })],
  ['agents without a debugger', () => withEnv('JAVA_TOOL_OPTIONS', `${'-agentpath:x '.repeat(million / 13)}jdwp`)],
  ['an agent path of 1 MB', () => withEnv('JAVA_TOOL_OPTIONS', `jdwp${'-agentpath:'.repeat(million / 11)}`)],
  ['a quantity of 1 MB', () => withDriver({ resources: { requests: { cpu: `${'1'.repeat(million)}x` } } })],
  [
    '10,000 mounts of 10,000 volumes at a parent of the verdicts',
    () => {
      const volumeMounts = numbered(10_000, (at) => ({ name: `v${at}`, mountPath: '/var/run' }))
      const volumes = numbered(10_000, (at) => ({ name: `v${at}`, emptyDir: {} }))
      return { ...pod, spec: { ...withDriver({ volumeMounts }).spec, volumes } }
    },
  ],
  [
    '20,000 containers',
    () => ({
      ...pod,
      spec: { ...pod.spec, containers: [...pod.spec.containers, ...numbered(20_000, createContainer)] },
    }),
  ],
  ['20,000 variables', () => withDriver({ env: numbered(20_000, (at) => ({ name: `V${at}`, value: '$(V1)' })) })],
  ['task groups nested deeply', () => taskGroups(`${'['.repeat(million)}${']'.repeat(million)}`)],
  ['100,000 task groups', () => taskGroups(`[${numbered(100_000, (at) => `{"k${at}":1}`).join()}]`)],
  [
    'amounts nested deeply',
    () => taskGroups(`[{"name":"a","minResource":{"cpu":${'{"0":'.repeat(5_000)}1${'}'.repeat(5_000)}}}]`),
  ],
  ['an amount that is no text', () => taskGroups('[{"name":"a","minResource":{"cpu":{"toString":null}}}]')],
  ['an application id of 1 MB', () => withArgs('--conf', `spark.app.id=${'a'.repeat(million)}`, 'local:///a.jar')],
  ['a port of 1 MB', () => withArgs('--conf', `spark.ui.port=${'1'.repeat(million)}`, 'local:///a.jar')],
]

const createContainer = (at: number): Container => ({ name: `c${at}`, resources: { requests: { cpu: '1m' } } })

function withLongVariable(): Pick<Pod, 'spec'> {
  const { spec } = withDriver({
    args: ['driver', '$(LONG)'.repeat(million / 8)],
    env: [{ name: 'LONG', value: 'x'.repeat(million) }],
  })
  return { spec }
}

describe('pods that are made to take long', () => {
  for (const [name, create] of hostile) {
    test(`${name} → decided within a second of CPU time, with few and short warnings`, () => {
      const request = requestFor(create())
      const { user } = process.threadCpuUsage()
      const { review, error } = admit(request, capableContext)
      const tookMs = (process.threadCpuUsage().user - user) / 1_000
      assert.equal(error, undefined)
      assert.ok(tookMs < 1_000, `${tookMs} ms`)
      const { warnings = [] } = review.response
      assert.ok(warnings.length <= 10 && warnings.every((warning) => warning.length <= 256))
    })
  }

  test('an application id of 1 MB → the policy of the sidecar does not contain it', () => {
    const { decision } = admit(
      requestFor(
        withArgs('--conf', `spark.app.id=${'a'.repeat(million)}`, '--conf', `spark.ui.port=${'1'.repeat(million)}`),
      ),
      capableContext,
    )
    assert.ok(decision.kind === 'inject')
    assert.ok(JSON.stringify(decision.policy).length < 10_000)
  })

  test('a SparkApplication whose name is too long → is not looked up', () => {
    const name = 'a'.repeat(254)
    const owner = { apiVersion: 'sparkoperator.k8s.io/v1beta2', kind: 'SparkApplication', name, uid: 'u' }
    const labels = { ...pod.metadata?.labels, 'sparkoperator.k8s.io/app-name': name }
    const owned = { ...pod, metadata: { ...pod.metadata, labels, ownerReferences: [owner] } }
    assert.equal(findApplicationReference(owned, 'spark'), undefined)
  })
})

describe('malformed pods', () => {
  const withMetadata = (fields: object) => ({ ...pod, metadata: { ...pod.metadata, ...fields } })
  const malformed: readonly [string, unknown][] = [
    ['metadata.name', withMetadata({ name: {} })],
    ['metadata.generateName', withMetadata({ generateName: 7 })],
    ['metadata.labels[a]', withMetadata({ labels: { ...pod.metadata?.labels, a: 1 } })],
    ['spec.containers[0].env[0].value', withDriver({ env: [{ name: 'SPARK_CONF_DIR', value: {} as string }] })],
    ['spec.containers[0].livenessProbe', withDriver({ livenessProbe: 0 as never })],
    ['spec.containers[0].startupProbe', withDriver({ startupProbe: '' as never })],
    ['spec.containers[0].terminationMessagePath', withDriver({ terminationMessagePath: {} as string })],
    [
      'spec.containers[0].volumeMounts[0].subPath',
      withDriver({ volumeMounts: [{ name: 'a', mountPath: '/a', subPath: [] as never }] }),
    ],
    [
      'spec.containers[0].ports[0].containerPort',
      withDriver({ ports: [{ name: 'spark-ui', containerPort: {} as number }] }),
    ],
    ['spec.terminationGracePeriodSeconds', { ...pod, spec: { ...pod.spec, terminationGracePeriodSeconds: {} } }],
    ['spec.restartPolicy', { ...pod, spec: { ...pod.spec, restartPolicy: {} } }],
    ['spec.containers', { ...pod, spec: {} }],
    ['object', null],
  ]
  for (const [field, object] of malformed) {
    test(`a wrong ${field} → malformed-object, which names the field and changes nothing`, () => {
      const { decision, review } = admit(requestFor(object), capableContext)
      assert.deepEqual([decision.reason, decision.kind === 'skip' && decision.detail], ['malformed-object', field])
      assert.equal(review.response.patch, undefined)
    })
  }

  test('fields that are null → are absent', () => {
    const { decision } = admit(
      requestFor(withDriver({ livenessProbe: null as never, env: null as never })),
      capableContext,
    )
    assert.equal(decision.kind, 'inject')
  })
})
