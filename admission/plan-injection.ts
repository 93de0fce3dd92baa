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
import { chooseRestart } from './restart-strategy.ts'
import { createSidecarContainer, findSparkConfMount, sidecarVolumes } from './sidecar-container.ts'
import { planSidecarResources } from './sidecar-resources.ts'
import { planDriverArguments } from './spark-arguments.ts'

/** All that an injection depends on besides the pod. */
export interface InjectionContext {
  readonly version: string
  readonly sidecar: SidecarImage
  /** Whether the webhook is configured to see Services. */
  readonly servicesAdmitted: boolean
  readonly capabilities: Capabilities
  readonly application: ApplicationLookup
  /** Null: none, or none known; the settings hold as they are. */
  readonly limits: NamespaceLimits | null
  /** Why no driver gets a sidecar at present; null or absent: they do. */
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

/** The edits that give the driver of `pod` its sidecar, or what is in the way. */
export function planInjection(
  pod: Pod,
  driverIndex: number,
  driver: Container,
  settings: ResolvedSettings,
  circumstances: InjectionContext,
): InjectionPlan {
  const taken = findCollision(pod, driver)
  if (taken !== undefined) return { kind: 'impossible', reason: 'name-conflict', detail: taken }
  const resources = planSidecarResources(pod.spec, settings.values, circumstances.limits)
  if (resources.kind === 'no-room') return { kind: 'impossible', reason: resources.reason, detail: resources.detail }

  const { capabilities, application, servicesAdmitted } = circumstances
  const handler = settings.values['probe-handler']
  const restart = chooseRestart({
    settings,
    application,
    capabilities,
    podRestartPolicy: pod.spec.restartPolicy ?? 'Always',
    liveness: handler === 'exec' && !driver.livenessProbe,
  })
  const statusPort = chooseStatusPort(pod)
  const observeOnly = restart.action.kind === 'observe'
  const driverProbes = planProbes(driver, { handler, served: statusPort > 0, servicesAdmitted, observeOnly })
  const startupProbeTells = driverProbes.startupProbe !== undefined
  const policy = planPolicy(pod, driver, settings, restart.action, statusPort, startupProbeTells)
  const { args, env } = planDriverArguments(driver, {
    sparkConf: application.kind === 'found' ? application.application.sparkConf : {},
    readinessHeldBack: driverProbes.startupProbe !== undefined || driverProbes.readinessProbe !== undefined,
    restartableApplicationId: restartsInPlace(restart.action) ? (findApplicationId(pod) ?? null) : null,
  })
  return {
    kind: 'edits',
    policy,
    warnings: restart.warnings,
    edits: {
      driverIndex,
      annotations: hasRoomForAnnotation(pod) ? { [injectedAnnotation]: circumstances.version } : {},
      volumes: sidecarVolumes,
      sidecar: createSidecarContainer(
        pod,
        policy,
        circumstances.sidecar,
        resources.resources,
        capabilities,
        findSparkConfMount(pod, driver),
      ),
      // Writable for the startup probe's mark; a driver that forges a verdict harms none but itself.
      driverMounts,
      driverEnv: env,
      driverArgs: args,
      driverProbes,
      restartPolicy: restart.podRestartPolicy,
    },
  }
}

/**
 * All annotations together may take 256 KiB (TotalAnnotationSizeLimitB of apimachinery's validation); what the API server
 * notes there of the sidecar must have its place too. Ours is for people: nothing depends on it.
 */
function hasRoomForAnnotation({ metadata }: Pod): boolean {
  const sizes = Object.entries(metadata?.annotations ?? {}).map((pair) => Buffer.byteLength(pair.join('')))
  return sizes.reduce((sum, size) => sum + size, 0) < 255 * 1024
}

const driverMounts: readonly VolumeMount[] = [frozenJson({ name: verdictVolumeName, mountPath: verdictDir })]

const restartsInPlace = ({ kind }: HungPolicy) =>
  kind === 'restart-all-containers' || kind === 'restart-driver-container'
