import type { DriverPolicy, HungPolicy, RestartBudget } from '../../../core/settings/driver-policy.ts'
import { policyWith } from '../../support/driver-policy.ts'
import { between, oneOf, type Random } from '../../support/random.ts'

/** What the kubelet knows of a pod, as admission/ leaves it. */
export interface PodSetup {
  readonly name: string
  readonly policy: DriverPolicy
  /** What the kubelet restarts when the driver's container has ended with this code. */
  readonly restarts: (exitCode: number) => boolean
  /** Whether the kubelet restarts all containers when the sidecar exits with 88. */
  readonly restartsAllAt88: boolean
  /** Whether each restart that the sidecar counts can happen: it counts one of all containers before the kubelet acts. */
  readonly canRestart: boolean
  readonly startupProbe: 'exec' | 'http' | 'none'
  /** The liveness probe of spark-nanny. */
  readonly liveness: boolean
  readonly graceMs: number
  /** Whether the driver's container has its own process namespace. */
  readonly ownProcesses: boolean
  /** Whether signals from the probe's shell reach the JVM: not if it is process 1, or runs as another user. */
  readonly signalsReach: boolean
  readonly threadDumps: boolean
}

const secondMs = 1_000
const minuteMs = 60_000

interface Kind {
  readonly name: string
  readonly weight: number
  readonly onHung: (budget: RestartBudget) => HungPolicy
  readonly restarts?: (exitCode: number) => boolean
  readonly kubeletRestarts?: boolean
  /** Whether the rule of Kubernetes 1.36 is in the pod, and works. */
  readonly all?: 'works' | 'does-nothing'
}

const inPlace: Kind['onHung'] = (budget) => ({ kind: 'restart-all-containers', budget })
const byExitCode: Kind['onHung'] = (budget) => ({ kind: 'restart-by-exit-code', budget })
const byKubelet: Kind['onHung'] = (budget) => ({ kind: 'restart-driver-container', budget })
const failPod: Kind['onHung'] = () => ({ kind: 'fail-pod', budget: null })

/** The ways in which admission/restart-strategy.ts sets up a pod, by the version of Kubernetes. */
export const podKinds: readonly [Kind, ...Kind[]] = [
  { name: '1.29, Never', weight: 4, onHung: failPod },
  { name: '1.35, Never, rule for 142', weight: 4, onHung: byExitCode, restarts: (code) => code === 142 },
  { name: '1.36, Never, rule for 88', weight: 4, onHung: inPlace, all: 'works' },
  { name: '1.36, Never, rule for 88 without effect', weight: 1, onHung: inPlace, all: 'does-nothing' },
  { name: '1.29, OnFailure', weight: 3, onHung: byKubelet, restarts: (code) => code !== 0, kubeletRestarts: true },
  { name: '1.29, Always', weight: 1, onHung: byKubelet, restarts: () => true, kubeletRestarts: true },
  {
    name: '1.36, OnFailure, rule for 88',
    weight: 2,
    onHung: inPlace,
    restarts: (code) => code !== 0,
    kubeletRestarts: true,
    all: 'works',
  },
  { name: 'observed', weight: 1, onHung: () => ({ kind: 'observe', budget: null }) },
]

/** `likelyActs`: whether to draw `act-on: likely`. */
export function drawPodSetup(random: Random, kind: Kind): PodSetup {
  const { name, onHung, restarts = () => false, kubeletRestarts = false, all } = kind
  const graceMs = oneOf(random, [0, 30, 30, 120]) * secondMs
  const budget = {
    maxRestarts: oneOf(random, [null, 0, 1, 3, 3]),
    windowMs: oneOf(random, [null, 60 * minuteMs]),
    backoffMs: oneOf(random, [0, 10, 10, 60]) * secondMs,
  }
  const startupProbe = oneOf(random, ['exec', 'exec', 'exec', 'http', 'none'] as const)
  const action = onHung(budget)
  const isObserved = action.kind === 'observe'
  const ownProcesses = kubeletRestarts || random() < 0.85
  const timeoutMs = oneOf(random, [3, 10, 10, 10, 30]) * secondMs
  return {
    name: `${name}, ${startupProbe === 'http' ? 'http' : 'exec'}`,
    policy: policyWith({
      intervalMs: oneOf(random, [1, 5, 5, 30]) * secondMs,
      timeoutMs,
      failureThreshold: oneOf(random, [2, 2, 3]),
      ...(random() < 0.3 && { stopDeadlineMs: between(random, 1, 20) * minuteMs }),
      ...(random() < 0.3 && { startupDeadlineMs: between(random, 2, 20) * minuteMs }),
      ...(random() < 0.1 && { maxRunTimeMs: between(random, 10, 60) * minuteMs }),
      ...(random() < 0.2 && { busyDeadlineMs: between(random, 3, 15) * minuteMs }),
      actOn: oneOf(random, ['certain', 'certain', 'certain', 'certain', 'likely', 'nothing']),
      onHung: action,
      startupProbeTells: startupProbe !== 'none',
      ...(kubeletRestarts && { kubeletRestarts: true }),
    }),
    restarts,
    restartsAllAt88: all === 'works',
    canRestart: all !== 'does-nothing',
    startupProbe,
    liveness: startupProbe !== 'http' && !isObserved,
    graceMs,
    ownProcesses,
    signalsReach: ownProcesses && random() < 0.8,
    threadDumps: random() < 0.85,
  }
}
