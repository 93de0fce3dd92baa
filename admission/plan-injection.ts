import { findCollision } from '../core/contract/collisions.ts'
import {
  injectedAnnotation,
  restartByExitCodeFields,
  type SidecarImage,
  verdictDir,
  verdictVolumeName,
} from '../core/contract/pod-contract.ts'
import type { SkipReason } from '../core/contract/skip-reasons.ts'
import type { Capabilities } from '../core/kubernetes/capabilities.ts'
import type { NamespaceLimits } from '../core/kubernetes/namespace-limits.ts'
import { type Container, findApplicationId, type Pod, type VolumeMount } from '../core/kubernetes/pod.ts'
import { findUnstatedPodRequests } from '../core/kubernetes/pod-resources.ts'
import type { DriverPolicy, HungPolicy } from '../core/settings/driver-policy.ts'
import type { ResolvedSettings } from '../core/settings/settings.ts'
import { type ApplicationLookup, findOwningOperator } from '../core/spark/application-reference.ts'
import { type DriverIdentity, identifyDriver } from '../core/spark/driver-identity.ts'
import { frozenJson } from './json-patch.ts'
import { chooseStatusPort, planPolicy } from './plan-policy.ts'
import type { PodEdits } from './pod-edits.ts'
import { planProbes } from './probes.ts'
import { chooseRestart, findRestartPolicy, hasOwnRestartPolicy, type RestartChoice } from './restart-strategy.ts'
import { createSidecarContainer, findSharedConf, sidecarVolumes } from './sidecar-container.ts'
import { planSidecarResources } from './sidecar-resources.ts'
import { planDriverArguments } from './spark-arguments.ts'

/** What an injection depends on, apart from the pod. */
export interface InjectionContext {
  readonly version: string
  readonly sidecar: SidecarImage
  /** Whether the API server sends Services to the webhook. */
  readonly servicesAdmitted: boolean
  readonly capabilities: Capabilities
  readonly application: ApplicationLookup
  /** Null if the namespace has no limits, or they are not known; then the settings are used unchanged. */
  readonly limits: NamespaceLimits | null
  /** Why no sidecars are injected at present; null or undefined if they are. */
  readonly suspension?: string | null
  /** Returns the proof that this installation injects the pod's sidecar with this policy. Null if it has none to give. */
  readonly prove?: ((policy: string) => string) | null
}

export type InjectionPlan =
  | {
      readonly kind: 'edits'
      readonly edits: PodEdits
      readonly policy: DriverPolicy
      readonly identity: DriverIdentity
      readonly warnings: readonly string[]
    }
  | { readonly kind: 'impossible'; readonly reason: SkipReason; readonly detail: string }

/** The edits that inject the sidecar into `pod`, or why that is not possible. */
export function planInjection(
  pod: Pod,
  driverIndex: number,
  driver: Container,
  settings: ResolvedSettings,
  context: InjectionContext,
): InjectionPlan {
  const taken = findCollision(pod, driver)
  if (taken !== undefined) return { kind: 'impossible', reason: 'name-conflict', detail: taken }
  const resources = planSidecarResources(pod, settings.values, context.limits)
  if (resources.kind === 'no-room') return { kind: 'impossible', reason: resources.reason, detail: resources.detail }

  const identity = identifyWithSettings(pod, driver, settings, context.application)
  const restart = planRestart(pod, driver, settings, identity, context)
  const statusPort = chooseStatusPort(pod)
  const probeKey = createProbeKey(context)
  const driverProbes = planProbes(driver, {
    handler: settings.values['probe-handler'],
    served: statusPort > 0,
    servicesAdmitted: context.servicesAdmitted && mayDelayReadiness(pod, identity, context.application),
    observeOnly: restart.action.kind === 'observe',
    sharesProcesses: sharesProcesses(pod),
    probeKey,
  })
  const { mount, files } = findSharedConf(pod, driver, identity.command?.submit ?? null)
  const policy = planPolicy(pod, driver, settings, {
    identity,
    restart,
    statusPort,
    // The exec liveness probe records the start too, if the driver has a startup probe of its own.
    startupProbeTells: driverProbes.startupProbe !== undefined || driverProbes.livenessProbe !== undefined,
    probeKey,
    propertiesFiles: files,
  })
  const { env, ...driverArgs } = planDriverArguments(driver, {
    command: identity.command,
    sparkConf: findSparkConf(context.application),
    readinessDelayed: driverProbes.startupProbe !== undefined || driverProbes.readinessProbe !== undefined,
    restartableApplicationId: restartsInPlace(restart.action) ? (findApplicationId(pod) ?? null) : null,
    servicesCounted: context.limits?.countsServices === true,
  })
  const sidecar = createSidecarContainer(
    pod,
    policy,
    context.sidecar,
    resources.resources,
    context.capabilities,
    mount,
    context.prove,
  )
  return {
    kind: 'edits',
    policy,
    identity,
    warnings: [
      ...restart.warnings,
      ...resources.warnings,
      ...warnOfOperator(context.application),
      ...warnOfServiceQuota(restart.action, context.limits),
    ],
    edits: {
      driverIndex,
      annotations: hasRoomForAnnotation(pod) ? { [injectedAnnotation]: context.version } : {},
      volumes: sidecarVolumes,
      sidecar,
      driverMounts,
      driverEnv: env,
      driverArgs,
      driverProbes,
      driverRestart: restart.action.kind === 'restart-by-exit-code' ? restartByExitCodeFields : null,
      restartPolicy: restart.podRestartPolicy,
      podRequests: findUnstatedPodRequests(pod.spec),
    },
  }
}

/**
 * A key of this pod alone, which other tenants cannot know: a part of the proof of a text that is no policy. Null if there is no
 * secret to make it from.
 */
function createProbeKey({ prove }: InjectionContext): string | null {
  return prove?.('probes').slice(-22) ?? null
}

/** What the pod and the settings prove about the driver. */
function identifyWithSettings(
  pod: Pod,
  driver: Container,
  { values }: ResolvedSettings,
  application: ApplicationLookup,
): DriverIdentity {
  return identifyDriver(pod, driver, {
    sparkConf: findSparkConf(application),
    assumed: values['assume-driver'],
    uiPortIsSet: values['ui-port'] !== null,
  })
}

/** The conf of the driver's SparkApplication, which the pod does not show. */
const findSparkConf = (application: ApplicationLookup): Readonly<Record<string, string>> =>
  application.kind === 'found' ? application.application.sparkConf : {}

/** Whether the driver container sees the processes of other containers. */
const sharesProcesses = ({ spec }: Pod) => spec.shareProcessNamespace === true || spec.hostPID === true

/** The action for a hung driver. If its identity does not allow any, that is the only warning: no other would be true. */
function planRestart(
  pod: Pod,
  driver: Container,
  settings: ResolvedSettings,
  { observedBecause }: DriverIdentity,
  { application, capabilities }: InjectionContext,
): RestartChoice {
  if (observedBecause !== null) {
    // A user who wants no action need not be warned that there is none.
    const warnings = settings.values.restart === 'observe' ? [] : [observedBecause]
    return { action: { kind: 'observe', budget: null }, podRestartPolicy: null, warnings }
  }
  return chooseRestart({
    settings,
    application,
    capabilities,
    driverRestartPolicy: findRestartPolicy(pod, driver),
    hasOwnRestartPolicy: hasOwnRestartPolicy(driver),
    sharesProcesses: sharesProcesses(pod),
    liveness: settings.values['probe-handler'] === 'exec' && !driver.livenessProbe,
  })
}

/**
 * A pod that may have no UI would never be Ready. Executors that do not find their driver by Spark's own Service would not
 * find it at all before it is Ready. Apache's operator deletes a driver that is not Ready within five minutes
 * (driverReadyTimeoutMillis of ApplicationTimeoutConfig), and a healthy driver may need longer for its UI.
 */
function mayDelayReadiness(
  pod: Pod,
  { kind, hasUi, hasOwnService }: DriverIdentity,
  application: ApplicationLookup,
): boolean {
  const isAwaited = findOwningOperator(application) === 'apache' || isQueuedByKueue(pod)
  return kind !== 'unproven' && hasUi && hasOwnService && !isAwaited
}

/**
 * Kueue evicts a workload whose pods are not Ready within the timeout of its waitForPodsReady, 5 minutes by default. Its labels
 * on a pod are `queue-name`, which its users set, and others, such as `managed`, which its own webhook sets.
 */
function isQueuedByKueue({ metadata }: Pod): boolean {
  return Object.keys(metadata?.labels ?? {}).some((name) => name.startsWith('kueue.x-k8s.io/'))
}

/** Only a JVM that still runs deletes its Service when all containers are restarted; a frozen one does not. */
function warnOfServiceQuota({ kind }: HungPolicy, limits: NamespaceLimits | null): readonly string[] {
  return kind === 'restart-all-containers' && limits?.countsServices === true
    ? [
        'a quota limits the Services of the namespace, so Spark deletes the driver’s as usual: after a restart in place of a driver that still ran, executors may not find the next one',
      ]
    : []
}

/** Decided against for a driver of Apache's operator, unless its owner or the chart asks for the sidecar all the same. */
function warnOfOperator(application: ApplicationLookup): readonly string[] {
  return findOwningOperator(application) === 'apache'
    ? [
        'Apache’s operator fails the application if the sidecar ends with an error, for example without memory (apache-sidecar is true)',
      ]
    : []
}

/**
 * All annotations together may take 256 KiB (TotalAnnotationSizeLimitB of apimachinery's validation). The API server adds
 * its own annotation about the sidecar. Spark-nanny's annotation only informs users; no program depends on it.
 */
function hasRoomForAnnotation({ metadata }: Pod): boolean {
  const sizes = Object.entries(metadata?.annotations ?? {}).map((pair) => Buffer.byteLength(pair.join('')))
  return sizes.reduce((sum, size) => sum + size, 0) < 255 * 1024
}

/** Writable, because the probes write their records into it. A driver that forges a verdict only harms itself. */
const driverMounts: readonly VolumeMount[] = [frozenJson({ name: verdictVolumeName, mountPath: verdictDir })]

const restartsInPlace = ({ kind }: HungPolicy) =>
  kind === 'restart-all-containers' || kind === 'restart-by-exit-code' || kind === 'restart-driver-container'
