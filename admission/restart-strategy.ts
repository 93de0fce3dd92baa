import { formatDuration } from '../core/duration.ts'
import type { Capabilities } from '../core/kubernetes/capabilities.ts'
import type { Container, Pod } from '../core/kubernetes/pod.ts'
import type { HungPolicy, RestartBudget } from '../core/settings/driver-policy.ts'
import type { ResolvedSettings } from '../core/settings/settings.ts'
import { formatFinalPolicy, maxRetries, type SparkApplication } from '../core/spark/application.ts'
import type { ApplicationLookup } from '../core/spark/application-reference.ts'

/** The action for a hung driver, and warnings that its owner should see at admission. */
export interface RestartChoice {
  readonly action: HungPolicy
  /** The restartPolicy that the action requires; null if the pod keeps its own. */
  readonly podRestartPolicy: 'OnFailure' | null
  readonly warnings: readonly string[]
}

export interface RestartContext {
  readonly settings: ResolvedSettings
  readonly application: ApplicationLookup
  readonly capabilities: Capabilities
  /** What the kubelet does when the received driver container fails. Spark sets Never. */
  readonly driverRestartPolicy: string
  /** Whether the driver container has a restartPolicy or rules, which take precedence over the pod's. */
  readonly hasOwnRestartPolicy: boolean
  /** Whether the driver container sees the processes of other containers. */
  readonly sharesProcesses: boolean
  /** Whether the driver has spark-nanny's liveness probe. Without it the kubelet does not act on a verdict. */
  readonly liveness: boolean
}

const hourMs = 3_600_000

/** Chooses the action by the setting `restart`, the owner and the cluster. */
export function chooseRestart(context: RestartContext): RestartChoice {
  const chosen = withoutAmbiguity(chooseAction(context), context)
  return context.liveness ? chosen : withoutLiveness(chosen, context.application)
}

/**
 * Without spark-nanny's liveness probe the kubelet does not do its part. Then nothing else that was said about the action
 * would be true, so that this is the only warning. The controller deletes the pod of a driver that still hangs, if its owner
 * submits it again.
 */
function withoutLiveness(chosen: RestartChoice, application: ApplicationLookup): RestartChoice {
  const { kind, budget } = chosen.action
  if (kind === 'observe') return chosen
  if (kind === 'restart-all-containers') {
    const warning =
      'the driver does not have spark-nanny’s liveness probe: after its last restart a hung driver is only reported'
    return budget.maxRestarts === null ? chosen : { ...chosen, warnings: [...chosen.warnings, warning] }
  }
  const mayReturn =
    application.kind === 'unreadable' ||
    (application.kind === 'found' && maxRetries(application.application.restartPolicy) > 0)
  return mayReturn
    ? choice({ kind: 'fail-pod', budget: null }, [
        'the driver does not have spark-nanny’s liveness probe: a hung driver is reported, and the controller deletes its pod if its owner submits it again',
      ])
    : choice({ kind: 'observe', budget: null }, [
        'the driver does not have spark-nanny’s liveness probe: a hung driver is only reported',
      ])
}

/**
 * A verdict file must name the driver that it is about, because the kubelet starts another one in the same pod. With a shared
 * process namespace, the probes cannot tell one driver from the next.
 */
function withoutAmbiguity(chosen: RestartChoice, { sharesProcesses }: RestartContext): RestartChoice {
  if (!sharesProcesses || chosen.action.kind !== 'restart-driver-container') return chosen
  const warning =
    'the pod shares its process namespace, so a verdict cannot be tied to one driver: a hang is only reported'
  return choice({ kind: 'observe', budget: null }, [warning])
}

/** The restartPolicy of a container, or its rules, take precedence over the pod's (Kubernetes 1.34 and newer). */
export function findRestartPolicy(pod: Pod, driver: Container): string {
  if ((driver.restartPolicyRules ?? []).length > 0) return 'OnFailure'
  return driver.restartPolicy ?? pod.spec.restartPolicy ?? 'Always'
}

/** Whether the container has a restartPolicy or rules. A null is like an absent field. */
export const hasOwnRestartPolicy = ({ restartPolicy, restartPolicyRules }: Container): boolean =>
  Boolean(restartPolicy) || (restartPolicyRules ?? []).length > 0

function chooseAction(context: RestartContext): RestartChoice {
  const { settings, application, driverRestartPolicy } = context
  switch (settings.values.restart) {
    case 'observe':
      return choice({ kind: 'observe', budget: null })
    case 'resubmit':
      return failPod(context, warnIfFinal(application))
    case 'in-place':
      return restartInPlaceAsSet(context)
    case 'auto':
      // Spark never sets a restartPolicy other than Never. Its author wants the kubelet to restart what fails.
      return driverRestartPolicy === 'Never'
        ? chooseByOwner(context)
        : restartInPlace(context, createHourlyBudget(settings))
  }
}

/** The action that corresponds to the owner's restartPolicy. */
function chooseByOwner(context: RestartContext): RestartChoice {
  const { application, settings } = context
  switch (application.kind) {
    case 'none':
      return restartInPlace(context, createHourlyBudget(settings))
    case 'unreadable': {
      const { name } = application.reference
      const warning = `SparkApplication ${name} could not be read (${application.detail}): a hung driver’s pod fails and its operator decides`
      return failPod(context, [warning])
    }
    case 'found':
      return followOwner(context, application.application)
  }
}

function followOwner(context: RestartContext, application: SparkApplication): RestartChoice {
  const { settings } = context
  const { restartPolicy } = application
  // Apache's operator treats any restart of a container as a failure of the application.
  const finalWarnings = warnIfFinal(context.application)
  if (application.operator === 'apache' || finalWarnings.length > 0) return failPod(context, finalWarnings)
  // kubeflow's operator takes a terminated driver container of a running pod for a failed driver (GetDriverState). It might
  // see the moment between exit code 142 and the restart, and delete the restarted driver. It submits a failed one again.
  if (chooseInPlace(context).kind === 'restart-by-exit-code') return failPod(context, [])
  // A chart value applies to all applications, so that the owner's policy for this one overrides it.
  const { 'max-restarts': source } = settings.sources
  const isExplicit = source === 'application' || source === 'pod'
  const backoffMs = settings.values['restart-backoff']
  const maxRestarts = restartPolicy.kind === 'on-failure' ? restartPolicy.retries : null
  return restartInPlace(context, isExplicit ? createHourlyBudget(settings) : { maxRestarts, windowMs: null, backoffMs })
}

/** A restart in place if the cluster supports it, else the pod fails. */
function restartInPlace(context: RestartContext, budget: RestartBudget): RestartChoice {
  const { application } = context
  const inPlace = chooseInPlace(context)
  if (inPlace.kind !== 'impossible') return choice({ kind: inPlace.kind, budget })
  return failPod(context, [...inPlace.warnings, ...(application.kind === 'none' ? warnIfFinal(application) : [])])
}

type InPlace =
  | { readonly kind: 'restart-all-containers' | 'restart-by-exit-code' }
  /** The warnings explain why a cluster that could restart this driver by its exit code does not. */
  | { readonly kind: 'impossible'; readonly warnings: readonly string[] }

/**
 * How a driver is restarted in the same pod without a change of the pod's restartPolicy. A restart by exit code needs the
 * liveness probe, which ends the JVM; its absence is explained by {@link withoutLiveness}.
 */
function chooseInPlace(context: RestartContext): InPlace {
  const { capabilities, driverRestartPolicy, hasOwnRestartPolicy, sharesProcesses, liveness } = context
  if (capabilities.restartAllContainers) return { kind: 'restart-all-containers' }
  const restartsAnyway = driverRestartPolicy !== 'Never'
  if (!capabilities.containerRestartRules || restartsAnyway) return { kind: 'impossible', warnings: [] }
  const warnings = [
    ...(hasOwnRestartPolicy
      ? ['the driver container has its own restartPolicy, so no rule that restarts a hung driver is added to it']
      : []),
    ...(sharesProcesses ? ['the pod shares its process namespace, so a hung driver is not restarted in place'] : []),
  ]
  return warnings.length === 0 && liveness ? { kind: 'restart-by-exit-code' } : { kind: 'impossible', warnings }
}

function restartInPlaceAsSet(context: RestartContext): RestartChoice {
  const { settings, driverRestartPolicy, hasOwnRestartPolicy, application } = context
  const budget = createHourlyBudget(settings)
  const isApache = application.kind === 'found' && application.application.operator === 'apache'
  const inPlace = chooseInPlace(context)
  const isRace = inPlace.kind === 'restart-by-exit-code' && application.kind === 'found'
  const warnings = [
    ...(isApache ? ['Apache’s operator treats a restart in place as a failure of the application'] : []),
    ...(isRace && !isApache
      ? [
          'kubeflow’s operator may take the moment between the two drivers for a failure, and submit the application again',
        ]
      : []),
  ]
  if (inPlace.kind !== 'impossible') return choice({ kind: inPlace.kind, budget }, warnings)
  // The kubelet ignores the pod's restartPolicy for this container.
  if (hasOwnRestartPolicy && driverRestartPolicy === 'Never') {
    const warning =
      'the driver container has restartPolicy Never of its own: its pod fails, because it cannot be restarted in place'
    return failPod(context, [...warnings, warning])
  }
  const action = { kind: 'restart-driver-container', budget } as const
  if (driverRestartPolicy !== 'Never') return choice(action, warnings)
  const warning =
    'this cluster cannot restart all containers of a pod: restart in-place sets the pod’s restartPolicy to OnFailure, which restarts a driver that fails for any other reason too'
  return { action, podRestartPolicy: 'OnFailure', warnings: [...warnings, warning] }
}

/** A failed liveness probe fails a pod only if the kubelet does not restart its containers. */
function failPod(context: RestartContext, warnings: readonly string[]): RestartChoice {
  const { driverRestartPolicy, settings } = context
  if (driverRestartPolicy === 'Never') return choice({ kind: 'fail-pod', budget: null }, warnings)
  const warning = `the pod’s restartPolicy is ${driverRestartPolicy}: the kubelet restarts a hung driver’s container instead of failing the pod`
  return choice({ kind: 'restart-driver-container', budget: createHourlyBudget(settings) }, [warning])
}

/** A warning if no owner submits a failed driver again. */
function warnIfFinal(application: ApplicationLookup): readonly string[] {
  if (application.kind === 'unreadable') return []
  if (application.kind === 'none')
    return ['the pod of a hung driver fails, and no owner is known that would submit it again']
  const { restartPolicy, name } = application.application
  if (maxRetries(restartPolicy) > 0) return []
  return [
    `restartPolicy of SparkApplication ${name} is ${formatFinalPolicy(restartPolicy)}: the pod of a hung driver fails and is not submitted again`,
  ]
}

function createHourlyBudget({ values }: ResolvedSettings): RestartBudget {
  return { maxRestarts: values['max-restarts'], windowMs: hourMs, backoffMs: values['restart-backoff'] }
}

const choice = (action: HungPolicy, warnings: readonly string[] = []): RestartChoice => ({
  action,
  podRestartPolicy: null,
  warnings,
})

const restarts: Readonly<Record<(HungPolicy & { readonly budget: object })['kind'], string>> = {
  'restart-all-containers': 'restart all containers',
  'restart-by-exit-code': 'restart the driver container by its exit code',
  'restart-driver-container': 'restart the driver container',
}

/** What decides how an action ends, apart from the policy. */
export interface ActionContext {
  /** Whether the kubelet restarts a driver that fails, so that its pod never does. */
  readonly kubeletRestarts: boolean
  /** Whether the driver has spark-nanny's liveness probe. */
  readonly liveness: boolean
}

/**
 * A description for users, such as `restart all containers, at most 3 in 1h, 10s apart or more; after the last one, fail the
 * pod`.
 */
export function describeAction({ kind, budget }: HungPolicy, { kubeletRestarts, liveness }: ActionContext): string {
  if (kind === 'observe') return 'report only'
  if (budget === null) {
    return liveness ? 'fail the pod' : 'report it; the controller deletes the pod if its owner submits it again'
  }
  const times = budget.maxRestarts === null ? 'without limit' : `at most ${budget.maxRestarts}`
  const window = budget.windowMs === null ? 'in the life of the pod' : `in ${formatDuration(budget.windowMs)}`
  const last = kubeletRestarts || !liveness ? 'report only' : 'fail the pod'
  const end = budget.maxRestarts === null ? '' : `; after the last one, ${last}`
  return `${restarts[kind]}, ${times} ${window}, ${formatDuration(budget.backoffMs)} apart or more${end}`
}
