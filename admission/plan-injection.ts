import { findCollision } from '../core/contract/collisions.ts'
import { injectedAnnotation, type SidecarImage, verdictDir, verdictVolumeName } from '../core/contract/pod-contract.ts'
import type { SkipReason } from '../core/contract/skip-reasons.ts'
import type { Capabilities } from '../core/kubernetes/capabilities.ts'
import type { NamespaceLimits } from '../core/kubernetes/namespace-limits.ts'
import { type Container, findApplicationId, type Pod, type VolumeMount } from '../core/kubernetes/pod.ts'
import type { DriverPolicy, HungPolicy } from '../core/settings/driver-policy.ts'
import type { ResolvedSettings } from '../core/settings/settings.ts'
import type { ApplicationLookup } from '../core/spark/application-reference.ts'
import { frozenJson } from './json-patch.ts'
import { chooseStatusPort, planPolicy } from './plan-policy.ts'
import type { PodEdits } from './pod-edits.ts'
import { planProbes } from './probes.ts'
import { chooseRestart, findRestartPolicy } from './restart-strategy.ts'
import { createSidecarContainer, findSparkConfMount, sidecarVolumes } from './sidecar-container.ts'
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
}

export type InjectionPlan =
  | {
      readonly kind: 'edits'
      readonly edits: PodEdits
      readonly policy: DriverPolicy
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
  const resources = planSidecarResources(pod.spec, settings.values, context.limits)
  if (resources.kind === 'no-room') return { kind: 'impossible', reason: resources.reason, detail: resources.detail }

  const { capabilities, application, servicesAdmitted } = context
  const handler = settings.values['probe-handler']
  const sharesProcesses = pod.spec.shareProcessNamespace === true || pod.spec.hostPID === true
  const restart = chooseRestart({
    settings,
    application,
    capabilities,
    driverRestartPolicy: findRestartPolicy(pod, driver),
    sharesProcesses,
    liveness: handler === 'exec' && !driver.livenessProbe,
  })
  const statusPort = chooseStatusPort(pod)
  const observeOnly = restart.action.kind === 'observe'
  const driverProbes = planProbes(driver, {
    handler,
    served: statusPort > 0,
    servicesAdmitted,
    observeOnly,
    sharesProcesses,
  })
  const startupProbeTells = driverProbes.startupProbe !== undefined
  const policy = planPolicy(pod, driver, settings, restart, statusPort, startupProbeTells)
  const { args, env } = planDriverArguments(driver, {
    sparkConf: application.kind === 'found' ? application.application.sparkConf : {},
    readinessDelayed: driverProbes.startupProbe !== undefined || driverProbes.readinessProbe !== undefined,
    restartableApplicationId: restartsInPlace(restart.action) ? (findApplicationId(pod) ?? null) : null,
  })
  return {
    kind: 'edits',
    policy,
    warnings: restart.warnings,
    edits: {
      driverIndex,
      annotations: hasRoomForAnnotation(pod) ? { [injectedAnnotation]: context.version } : {},
      volumes: sidecarVolumes,
      sidecar: createSidecarContainer(
        pod,
        policy,
        context.sidecar,
        resources.resources,
        capabilities,
        findSparkConfMount(pod, driver),
      ),
      // Writable, because the startup probe leaves a file in it. A driver that forges a verdict only harms itself.
      driverMounts,
      driverEnv: env,
      driverArgs: args,
      driverProbes,
      restartPolicy: restart.podRestartPolicy,
    },
  }
}

/**
 * All annotations together may take 256 KiB (TotalAnnotationSizeLimitB of apimachinery's validation). The API server adds
 * its own annotation about the sidecar. Spark-nanny's annotation only informs users; no program depends on it.
 */
function hasRoomForAnnotation({ metadata }: Pod): boolean {
  const sizes = Object.entries(metadata?.annotations ?? {}).map((pair) => Buffer.byteLength(pair.join('')))
  return sizes.reduce((sum, size) => sum + size, 0) < 255 * 1024
}

const driverMounts: readonly VolumeMount[] = [frozenJson({ name: verdictVolumeName, mountPath: verdictDir })]

const restartsInPlace = ({ kind }: HungPolicy) =>
  kind === 'restart-all-containers' || kind === 'restart-driver-container'
