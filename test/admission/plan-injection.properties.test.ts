import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import jsonPatch, { type Operation as JsonOperation } from 'fast-json-patch'
import { admit } from '../../admission/admit.ts'
import type { AdmissionContext } from '../../admission/decide.ts'
import { formatPatch } from '../../admission/json-patch.ts'
import { probeScript } from '../../admission/probe-script.ts'
import { hasOwnRestartPolicy } from '../../admission/restart-strategy.ts'
import { restartByExitCodeFields } from '../../core/contract/pod-contract.ts'
import type { Container, Pod, PodSpec, ResourceRequirements } from '../../core/kubernetes/pod.ts'
import { computeQosClass, findUnstatedPodRequests, parsePodResources } from '../../core/kubernetes/pod-resources.ts'
import { decodePolicy } from '../../core/settings/driver-policy.ts'
import { capableContext, requestFor } from '../support/admission-captures.ts'
import { driverPods, otherWebhooks } from './generated-pods.ts'

const contexts: fc.Arbitrary<AdmissionContext> = fc
  .record({
    restartAllContainers: fc.boolean(),
    containerRestartRules: fc.boolean(),
    openShift: fc.boolean(),
    servicesAdmitted: fc.boolean(),
    chartSettings: fc.constantFrom({}, { restart: 'observe' }, { 'probe-handler': 'http' }),
  })
  .map(({ restartAllContainers, containerRestartRules, openShift, ...rest }) => ({
    ...capableContext,
    ...rest,
    capabilities: { nativeSidecars: true, restartAllContainers, containerRestartRules, openShift },
  }))

/** The pod after the API server has applied the patch of the response, exactly as it was sent. */
function admitted(pod: Pod, context: AdmissionContext): { readonly pod: Pod; readonly reason: string } {
  const { review, error } = admit(requestFor(structuredClone(pod)), context)
  assert.equal(error, undefined)
  const { patch, auditAnnotations } = review.response
  if (patch === undefined) return { pod, reason: auditAnnotations.reason }
  const operations = JSON.parse(Buffer.from(patch, 'base64').toString()) as JsonOperation[]
  const { newDocument } = jsonPatch.applyPatch(structuredClone(pod), operations, true)
  return { pod: newDocument, reason: auditAnnotations.reason }
}

const property = (name: string, check: (pod: Pod, context: AdmissionContext) => void) =>
  test(name, () => {
    fc.assert(fc.property(driverPods, contexts, check), { numRuns: 400 })
  })

describe('planInjection', () => {
  property('a valid pod → is still valid after the injection', (pod, context) => {
    const problems = validate(admitted(pod, context).pod).filter((problem) => !validate(pod).includes(problem))
    assert.deepEqual(problems, [])
  })

  property('the patch, applied by RFC 6902 → gives the planned pod', (pod, context) => {
    const { decision } = admit(requestFor(pod), context)
    if (decision.kind !== 'inject') return
    assert.deepEqual(admitted(pod, context).pod, decision.pod)
    assert.equal(formatPatch(decision.operations), JSON.stringify(decision.operations))
  })

  property('a second injection → changes nothing', (pod, context) => {
    const once = admitted(pod, context)
    const twice = admitted(once.pod, context)
    assert.deepEqual(twice.pod, once.pod)
    if (once.reason === 'injected') assert.equal(twice.reason, 'already-injected')
  })

  property('an injection → keeps the QoS class', (pod, context) => {
    assert.equal(
      computeQosClass(parsePodResources(admitted(pod, context).pod.spec)),
      computeQosClass(parsePodResources(pod.spec)),
    )
  })

  property('an injection → changes only what the contract names', (pod, context) => {
    const { pod: after, reason } = admitted(pod, context)
    if (reason !== 'injected') return assert.deepEqual(after, pod)
    assert.deepEqual(withoutOurs(after, pod), withoutNulls(pod))
  })

  property('an injected sidecar → parses its policy, and another image can replace it', (pod, context) => {
    const { pod: after, reason } = admitted(pod, context)
    if (reason !== 'injected') return
    const sidecar = after.spec.initContainers?.at(-1)
    assert.equal(sidecar?.name, 'spark-nanny', 'the last of the init containers')
    assert.ok(sidecar && !('command' in sidecar) && !('args' in sidecar))
    assert.ok('policy' in decodePolicy(sidecar.env?.[0]?.value))
    assert.equal(sidecar.restartPolicyRules !== undefined, usesRule(sidecar))
    assert.ok(!usesRule(sidecar) || context.capabilities.restartAllContainers, 'the rule only where it is known')
  })

  property(
    'a rule that restarts the driver → only beside the liveness probe, in a container that had no policy',
    (pod, context) => {
      const { pod: after, reason } = admitted(pod, context)
      const [before, driver] = [driverOf(pod), driverOf(after)]
      if (reason !== 'injected' || hasOwnRestartPolicy(before) || !hasOwnRestartPolicy(driver)) return
      assert.ok(context.capabilities.containerRestartRules && !context.capabilities.restartAllContainers)
      assert.ok(!before.livenessProbe && driver.livenessProbe && after.spec.restartPolicy === 'Never')
      assert.deepEqual(driver, { ...driver, ...restartByExitCodeFields })
    },
  )

  property('an injected liveness probe → the script that passes without a verdict file', (pod, context) => {
    const { pod: after, reason } = admitted(pod, context)
    if (reason !== 'injected') return
    const before = driverOf(pod)
    const { startupProbe, livenessProbe } = driverOf(after)
    if (!before.livenessProbe && livenessProbe) {
      assert.deepEqual(livenessProbe.exec?.command.slice(2, 4), [probeScript, 'liveness'])
    }
    if (!before.startupProbe && startupProbe) assert.equal(startupProbe.failureThreshold, 2 ** 31 - 1)
  })

  test('another mutating webhook before or after → the same result', () => {
    fc.assert(
      fc.property(
        driverPods.map(withPodRequests).filter(statesPodRequests),
        contexts,
        otherWebhooks,
        (pod, context, other) => {
          const [first, last] = [admitted(other(pod), context), other(admitted(pod, context).pod)]
          assert.deepEqual(inEffect(first.pod), inEffect(last))
          assert.equal(
            computeQosClass(parsePodResources(first.pod.spec)),
            computeQosClass(parsePodResources(last.spec)),
          )
          // The API server may ask us again after the other: there is nothing left to do.
          assert.deepEqual(
            admitted(last, context).pod,
            first.reason === 'injected' ? last : admitted(last, context).pod,
          )
        },
      ),
      { numRuns: 400 },
    )
  })

  test('the generated pods → enough of them are injected', () => {
    const sample = fc.sample(driverPods, { numRuns: 500, seed: 1 })
    const injected = sample.filter((pod) => admitted(pod, capableContext).reason === 'injected').length
    assert.ok(injected > 150 && injected < 500, `${injected} of 500`)
  })
})

const driverOf = (pod: Pod): Container => {
  const driver = pod.spec.containers.find(({ name }) => name === 'spark-kubernetes-driver')
  assert.ok(driver)
  return driver
}

const usesRule = (sidecar: Container) => {
  const decoded = decodePolicy(sidecar.env?.[0]?.value)
  return 'policy' in decoded && decoded.policy.onHung.kind === 'restart-all-containers'
}

/** The pod after injection, less all that the contract names. */
function withoutOurs(after: Pod, before: Pod): unknown {
  const ours = (name: string) => name === 'spark-nanny' || name === 'spark-nanny-no-token'
  const { 'spark-nanny.io/injected': _, ...annotations } = { ...after.metadata?.annotations }
  const driver = driverOf(after)
  const own = driverOf(before)
  const added = (driver.args?.length ?? 0) - (own.args?.length ?? 0)
  const stripped = {
    ...driver,
    ...(driver.args && { args: [...driver.args.slice(0, 1), ...driver.args.slice(1 + added)] }),
    ...(driver.env && { env: driver.env.slice(0, own.env?.length ?? 0) }),
    volumeMounts: driver.volumeMounts?.filter(({ name }) => !ours(name)),
    startupProbe: own.startupProbe,
    livenessProbe: own.livenessProbe,
    readinessProbe: own.readinessProbe,
    restartPolicy: own.restartPolicy,
    restartPolicyRules: own.restartPolicyRules,
  }
  return withoutNulls({
    ...after,
    metadata: { ...after.metadata, annotations },
    spec: {
      ...after.spec,
      resources: withoutPodRequests(after.spec.resources, before.spec),
      restartPolicy: before.spec.restartPolicy,
      volumes: after.spec.volumes?.filter(({ name }) => !ours(name)),
      initContainers: after.spec.initContainers?.filter(({ name }) => !ours(name)),
      containers: after.spec.containers.map((container) => (container === driver ? stripped : container)),
    },
  })
}

/** As a webhook receives the pod: the API server has set the requests at pod level. */
function withPodRequests({ spec, ...pod }: Pod): Pod {
  if (spec.resources === undefined) return { ...pod, spec }
  const requests = { ...spec.resources.requests, ...findUnstatedPodRequests(spec) }
  return { ...pod, spec: { ...spec, resources: { ...spec.resources, requests } } }
}

/** Otherwise the first container that a webhook adds decides what the pod requests. */
const statesPodRequests = ({ spec: { resources } }: Pod) =>
  resources === undefined || (resources.requests?.cpu !== undefined && resources.requests.memory !== undefined)

/** Without the requests at pod level that the injection states. */
function withoutPodRequests(resources: ResourceRequirements | undefined, before: PodSpec) {
  const unstated = findUnstatedPodRequests(before)
  const own = Object.entries(resources?.requests ?? {}).filter(([name]) => unstated[name] === undefined)
  return resources && { ...resources, requests: Object.fromEntries(own) }
}

/** Without members that are null, undefined or empty: to have none and to have an empty list is the same to Kubernetes. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  const isEmpty = (item: unknown) =>
    item === undefined || item === null || (typeof item === 'object' && Object.keys(item).length === 0)
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [key, withoutNulls(item)] as const)
      .filter(([, item]) => !isEmpty(item)),
  )
}

/**
 * What a pod does: the order of volumes, containers, mounts and variables of different names does not matter. What the
 * sidecar may use follows from the QoS class that it finds, which the other webhook may have changed.
 */
function inEffect(pod: Pod): unknown {
  const byName = (items: readonly { readonly name: string }[] | null | undefined) =>
    (items ?? []).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return withoutNulls({
    ...pod,
    spec: {
      ...pod.spec,
      volumes: byName(pod.spec.volumes),
      initContainers: byName(pod.spec.initContainers).map((item) =>
        item.name === 'spark-nanny' ? { ...item, resources: null } : item,
      ),
      containers: byName(
        pod.spec.containers.map((container) => ({
          ...container,
          env: byName(container.env),
          volumeMounts: byName(container.volumeMounts),
        })),
      ),
    },
  })
}

/** The rules of pkg/apis/core/validation that an injection could break. */
function validate({ spec }: Pod): readonly string[] {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])]
  return [
    ...findDuplicates('container', containers.map(nameOf)),
    ...findDuplicates('volume', (spec.volumes ?? []).map(nameOf)),
    ...containers.flatMap((container) => validateContainer(container, spec)),
  ]
}

const nameOf = ({ name }: { readonly name: string }) => name

const findDuplicates = (what: string, keys: readonly string[]) =>
  keys.filter((key, index) => keys.indexOf(key) !== index).map((key) => `${what} ${key} twice`)

function validateContainer(container: Container, { volumes, hostNetwork }: Pod['spec']): readonly string[] {
  const { name, volumeMounts = [], ports = [], restartPolicy, restartPolicyRules } = container
  const mountPaths = volumeMounts.map(({ mountPath }) => mountPath)
  const portNames = ports.flatMap((port) => port.name ?? [])
  const missing = volumeMounts.filter((mount) => !volumes?.some((volume) => volume.name === mount.name))
  return [
    ...findDuplicates(`mount path of ${name}`, mountPaths),
    ...missing.map((mount) => `${name}: no volume ${mount.name}`),
    ...findDuplicates(`port name of ${name}`, portNames),
    ...(portNames.some((portName) => portName.length > 15) ? [`${name}: port name too long`] : []),
    ...(restartPolicyRules && restartPolicy === undefined ? [`${name}: rules without a restartPolicy`] : []),
    ...(name === 'spark-nanny' ? validateSidecar(container, hostNetwork === true) : []),
  ]
}

function validateSidecar({ ports = [], resources }: Container, hostNetwork: boolean): readonly string[] {
  const isOver = (key: string) => {
    const [request, limit] = [resources?.requests?.[key], resources?.limits?.[key]]
    return request !== undefined && limit !== undefined && amount(request) > amount(limit)
  }
  return [
    ...(hostNetwork && ports.length > 0 ? ['a port on the node'] : []),
    ...['cpu', 'memory'].filter(isOver).map((key) => `${key} of spark-nanny: request over limit`),
  ]
}

const amount = (quantity: string) => Number.parseFloat(quantity) * (quantity.endsWith('m') ? 0.001 : 1)
