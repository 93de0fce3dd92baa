import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { admit } from '../../admission/admit.ts'
import type { AdmissionContext } from '../../admission/decide.ts'
import { parseNamespaceLimits } from '../../core/kubernetes/namespace-limits.ts'
import type { Pod, Service } from '../../core/kubernetes/pod.ts'
import { capableContext, requestFor } from '../support/admission-captures.ts'
import { contextOfCase, injectCase, injectPod, readCase } from '../support/manifest-cases.ts'
import { driverPods } from './generated-pods.ts'

const vouched = { chartSettings: { 'assume-driver': 'true' } }
const probesOf = ({ pod }: { readonly pod: Pod }) => {
  const { startupProbe, livenessProbe, readinessProbe } = pod.spec.containers[0] ?? {}
  return [startupProbe, livenessProbe, readinessProbe].map((probe) => probe !== undefined)
}
const argsOf = ({ pod }: { readonly pod: Pod }) => pod.spec.containers[0]?.args ?? []

describe('admission of pods in shapes of the real world', () => {
  for (const [name, warning] of [
    ['client-toolbox', /may not be a cluster-mode Spark driver/],
    ['library-ui-disabled', /UI is switched off/],
    ['kernel-without-context', /notebook kernel/],
  ] as const) {
    test(`${name} → observed, without probes, arguments or deadlines for a UI`, () => {
      const decision = injectCase(name)
      const { policy, warnings } = decision
      assert.deepEqual(policy.onHung, { kind: 'observe', budget: null })
      assert.deepEqual(probesOf(decision), [false, false, false])
      assert.deepEqual(argsOf(decision), readCase(name).spec.containers[0]?.args)
      assert.ok(policy.startupDeadlineMs > 300 * 86_400_000 && policy.stopDeadlineMs > 300 * 86_400_000)
      assert.equal(warnings.length, 1)
      assert.match(warnings[0] ?? '', warning)
    })
  }

  test('a person who vouches for the toolbox → spark-nanny acts, but does not delay readiness', () => {
    const decision = injectCase('client-toolbox', vouched)
    assert.equal(decision.policy.onHung.kind, 'restart-all-containers')
    assert.deepEqual(probesOf(decision), [false, true, false])
  })

  test('a person who vouches for a driver without a UI → it is still only observed', () => {
    assert.equal(injectCase('library-ui-disabled', vouched).policy.onHung.kind, 'observe')
  })

  test('library-ui-disabled → the sidecar learns from the arguments that there is no UI, and which id it would have', () => {
    const { policy } = injectCase('library-ui-disabled')
    assert.equal(policy.uiProperties?.['spark.ui.enabled'], 'false')
    assert.equal(policy.applicationId, 'job-20260101000000')
  })

  test('headless-service-of-another-name → is left unchanged, with a true reason', () => {
    const service = readCase<Service>('headless-service-of-another-name', 'service.yaml')
    const { decision } = admit(requestFor(service, 'Service'), capableContext)
    assert.equal(decision.reason, 'not-a-driver-service')
    const pod = readCase('library-ui-disabled')
    const [container] = pod.spec.containers
    const args = container?.args?.map((arg) => arg.replace('spark.ui.enabled=false', 'spark.ui.enabled=true'))
    const driver = injectPod({ ...pod, spec: { ...pod.spec, containers: [{ ...container, args }] } }, capableContext)
    assert.equal(driver.policy.onHung.kind, 'restart-all-containers')
    assert.deepEqual(
      probesOf(driver),
      [false, true, false],
      'its executors find it by that Service only if it is Ready',
    )
  })

  for (const name of ['work-after-stop', 'app-args-conf-app-id'] as const) {
    test(`${name} → a proven driver, with all probes`, () => {
      const decision = injectCase(name)
      assert.equal(decision.policy.onHung.kind, 'restart-all-containers')
      assert.deepEqual(probesOf(decision), [true, true, true])
      assert.deepEqual(decision.warnings, [])
    })
  }

  test('app-args-conf-app-id → the application’s own --conf does not replace spark-nanny’s', () => {
    const decision = injectCase('app-args-conf-app-id')
    const args = argsOf(decision)
    assert.deepEqual(
      args.slice(1, 7).filter((arg) => arg !== '--conf'),
      [
        'spark.kubernetes.allocation.driver.readinessTimeout=30s',
        'spark.kubernetes.driver.service.deleteOnTermination=false',
        'spark.app.id=spark-0123456789abcdef0123456789abcdef$(SPARK_NANNY_APPLICATION_ID_SUFFIX)',
      ],
    )
    assert.equal(decision.policy.uiProperties, undefined)
  })

  test('debugger-breakpoint → hangs are only reported, and readiness still follows the UI', () => {
    const decision = injectCase('debugger-breakpoint')
    const { policy, warnings } = decision
    assert.equal(policy.onHung.kind, 'observe')
    assert.equal(policy.debugAgent, true)
    assert.equal(policy.startupDeadlineMs, 600_000)
    assert.deepEqual(probesOf(decision), [true, false, true])
    assert.match(warnings.join(), /a debugger can be attached \(JAVA_TOOL_OPTIONS\): a hang is only reported/)
  })

  test('explain-own-liveness → one statement: a hang is only reported', () => {
    const { policy, warnings } = injectCase('explain-own-liveness')
    assert.equal(policy.onHung.kind, 'observe')
    assert.deepEqual(warnings, [
      'the driver does not have spark-nanny’s liveness probe: a hung driver is only reported',
    ])
  })

  const resourcesOf = ({ pod }: { readonly pod: Pod }) => pod.spec.initContainers?.at(-1)?.resources

  test('job-backofflimit → no sidecar, whose restart would count against the Job', () => {
    const pod = readCase('job-backofflimit')
    const { decision } = admit(requestFor(pod), capableContext)
    assert.equal(decision.reason, 'job-counts-restarts')
    assert.match(decision.warnings.join(), /a restart of the sidecar would count/)
    const never = { ...pod, spec: { ...pod.spec, restartPolicy: 'Never' } }
    assert.equal(injectPod(never, capableContext).policy.onHung.kind, 'observe')
  })

  for (const [apiVersion, kind, restartPolicy, reason] of [
    ['batch/v1', 'Job', 'OnFailure', 'job-counts-restarts'],
    ['batch/v1', 'Job', 'Never', 'injected'],
    ['batch.volcano.sh/v1alpha1', 'Job', 'OnFailure', 'injected'],
    ['apps/v1', 'ReplicaSet', 'Always', 'injected'],
  ] as const) {
    test(`a pod of ${kind} (${apiVersion}) with restartPolicy ${restartPolicy} → ${reason}`, () => {
      const pod = readCase('job-backofflimit')
      const ownerReferences = [{ apiVersion, kind, name: 'nightly', uid: 'u', controller: true }]
      const owned = {
        ...pod,
        metadata: { ...pod.metadata, ownerReferences },
        spec: { ...pod.spec, restartPolicy },
      }
      assert.equal(admit(requestFor(owned), capableContext).decision.reason, reason)
    })
  }

  const apacheReference = { operator: 'apache', namespace: 'jobs', name: 'job', uid: 'u1' } as const
  const lookups: readonly [string, Partial<AdmissionContext>][] = [
    ['found', {}],
    ['unreadable', { application: { kind: 'unreadable', reference: apacheReference, detail: 'timeout' } }],
  ]

  for (const [lookup, more] of lookups) {
    test(`apache-ready-timeout, ${lookup} → the pod is not changed, and a warning says who judges the driver`, () => {
      const { decision, review } = admit(
        requestFor(readCase('apache-ready-timeout')),
        contextOfCase('apache-ready-timeout', more),
      )
      assert.equal(decision.reason, 'owned-by-apache-operator')
      assert.equal(review.response.patch, undefined)
      assert.match(decision.warnings.join(), /the controller judges the driver by its Spark UI/)
    })

    test(`apache-ready-timeout, ${lookup}, apache-sidecar → no probe delays what Apache’s operator waits for`, () => {
      const decision = injectCase('apache-ready-timeout', { ...more, chartSettings: { 'apache-sidecar': 'true' } })
      assert.equal(decision.policy.onHung.kind, 'fail-pod')
      assert.deepEqual(probesOf(decision), [false, true, false])
      assert.doesNotMatch(argsOf(decision).join(' '), /readinessTimeout/)
      assert.match(decision.warnings.join(), /fails the application if the sidecar ends with an error/)
    })
  }

  test('apache-ready-timeout, an annotation of the pod asks for the sidecar → injected', () => {
    const pod = readCase('apache-ready-timeout')
    const annotations = { ...pod.metadata?.annotations, 'spark-nanny.io/apache-sidecar': 'true' }
    const asking = { ...pod, metadata: { ...pod.metadata, annotations } }
    assert.equal(injectPod(asking, contextOfCase('apache-ready-timeout')).reason, 'injected')
  })

  const ownedBy = (apiVersion: string, kind: string, labels: object = {}) => {
    const pod = readCase('apache-ready-timeout')
    const ownerReferences = [{ apiVersion, kind, name: 'job', uid: 'u1', controller: true }]
    const { 'spark.operator/spark-app-name': _, ...others } = pod.metadata?.labels ?? {}
    return { ...pod, metadata: { ...pod.metadata, labels: { ...others, ...labels }, ownerReferences } }
  }

  for (const [owner, pod, application] of [
    ['kubeflow’s operator', ownedBy('sparkoperator.k8s.io/v1beta2', 'SparkApplication'), { operator: 'kubeflow' }],
    ['another operator', ownedBy('spark.stackable.tech/v1alpha1', 'SparkApplication'), null],
    ['another kind of Apache’s operator', ownedBy('spark.apache.org/v1', 'SparkCluster'), null],
    ['a StatefulSet', ownedBy('apps/v1', 'StatefulSet'), null],
    // Only the label names an application of Apache's operator, and it does not exist.
    ['none', ownedBy('apps/v1', 'ReplicaSet', { 'spark.operator/spark-app-name': 'job' }), null],
  ] as const) {
    test(`the same driver, owned by ${owner} → injected`, () => {
      const found = contextOfCase('apache-ready-timeout').application
      const lookup: AdmissionContext['application'] =
        application === null || found.kind !== 'found'
          ? { kind: 'none' }
          : { kind: 'found', application: { ...found.application, ...application } }
      assert.equal(injectPod(pod, { ...capableContext, application: lookup }).reason, 'injected')
    })
  }

  test('any driver of Apache’s operator → admitted as it is, whatever else it has', () => {
    const application = { kind: 'unreadable', reference: apacheReference, detail: '' } as const
    fc.assert(
      fc.property(driverPods, (pod) => {
        const { decision, review } = admit(requestFor(pod), { ...capableContext, application })
        assert.equal(decision.kind, 'skip')
        assert.equal(review.response.patch, undefined)
      }),
      { numRuns: 400 },
    )
  })

  for (const [labels, delays] of [
    [{ 'kueue.x-k8s.io/queue-name': 'spark' }, false],
    [{ 'kueue.x-k8s.io/managed': 'true' }, false],
    [{ 'kueue.x-k8s.io': 'spark' }, true],
    [{ 'example.com/kueue.x-k8s.io': 'spark' }, true],
  ] as const) {
    test(`labels ${JSON.stringify(labels)} → probes ${delays ? 'delay' : 'do not delay'} what Kueue’s waitForPodsReady waits for`, () => {
      const pod = readCase('work-after-stop')
      const queued = { ...pod, metadata: { ...pod.metadata, labels: { ...pod.metadata?.labels, ...labels } } }
      assert.deepEqual(probesOf(injectPod(queued, contextOfCase('work-after-stop'))), [delays, true, delays])
    })
  }

  const quotaOf = (hard: Readonly<Record<string, string>>) => [{ metadata: { name: 'all' }, spec: { hard } }]

  for (const [hard, keepsService] of [
    [{ services: '5' }, false],
    [{ 'count/services': '5' }, false],
    [{ 'services.nodeports': '0' }, true],
    [{ pods: '20' }, true],
  ] as const) {
    test(`a quota of ${JSON.stringify(hard)} → ${keepsService ? 'the Service stays with its pod' : 'no Service is kept for a completed driver'}`, () => {
      const decision = injectCase('work-after-stop', { limits: parseNamespaceLimits([], quotaOf(hard)) })
      assert.equal(argsOf(decision).join(' ').includes('deleteOnTermination=false'), keepsService)
      assert.equal(
        decision.warnings.some((text) => text.startsWith('a quota limits the Services')),
        !keepsService,
      )
    })
  }

  test('guaranteed-that-fills-a-node → still fits on its node of 7910m, with a warning', () => {
    const decision = injectCase('guaranteed-that-fills-a-node')
    assert.deepEqual(resourcesOf(decision), {
      requests: { cpu: '50m', memory: '64Mi' },
      limits: { cpu: '50m', memory: '64Mi' },
    })
    assert.equal(decision.warnings.length, 1)
  })

  test('yunikorn-placeholder → the pod requests no more than its placeholder', () => {
    const decision = injectCase('yunikorn-placeholder')
    assert.deepEqual(resourcesOf(decision)?.requests, { cpu: '0m', memory: '0' })
  })

  test('pod-level-resources → the sidecar is limited', () => {
    assert.deepEqual(resourcesOf(injectCase('pod-level-resources')), {
      requests: { cpu: '10m', memory: '64Mi' },
      limits: { cpu: '200m', memory: '128Mi' },
    })
  })

  test('restart is observe → no warning that nothing is done', () => {
    assert.deepEqual(injectCase('client-toolbox', { chartSettings: { restart: 'observe' } }).warnings, [])
  })

  test('any pod without proof → never another policy than observe, and no probe or argument', () => {
    const context = { ...capableContext, chartSettings: { restart: 'in-place' } }
    fc.assert(
      fc.property(driverPods, fc.boolean(), (pod, restartAllContainers) => {
        const capabilities = { ...capableContext.capabilities, restartAllContainers }
        const { decision } = admit(requestFor(pod), { ...context, capabilities })
        if (decision.kind !== 'inject' || decision.identity.kind !== 'unproven') return
        const index = pod.spec.containers.findIndex(({ name }) => name === 'spark-kubernetes-driver')
        const [before, after] = [pod.spec.containers[index], decision.pod.spec.containers[index]]
        assert.equal(decision.policy.onHung.kind, 'observe')
        assert.deepEqual(
          { ...after, volumeMounts: before?.volumeMounts },
          { ...before, volumeMounts: before?.volumeMounts },
        )
        assert.equal(decision.pod.spec.restartPolicy, pod.spec.restartPolicy)
      }),
      { numRuns: 400 },
    )
  })

  test('a proven driver, whatever other annotations and containers it has → keeps its policy', () => {
    const proven = readCase('work-after-stop')
    const [driver] = proven.spec.containers
    fc.assert(
      fc.property(
        fc.array(fc.string(), { maxLength: 6 }),
        fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.string(), { maxKeys: 3 }),
        fc.boolean(),
        (rest, labels, moreContainers) => {
          const container = { ...driver, args: [...(driver?.args ?? []), ...rest] }
          const others = moreContainers ? [{ name: 'proxy', command: ['sleep'], args: ['infinity'] }] : []
          const pod = {
            ...proven,
            metadata: { ...proven.metadata, labels: { ...labels, ...proven.metadata?.labels } },
            spec: { ...proven.spec, containers: [...others, container] },
          }
          assert.equal(injectPod(pod, contextOfCase('work-after-stop')).policy.onHung.kind, 'restart-all-containers')
        },
      ),
    )
  })
})
