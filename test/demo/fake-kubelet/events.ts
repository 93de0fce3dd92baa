import type { ContainerEnd } from './container-process.ts'

/** What the fake kubelet does and observes, in order. */
export type KubeletEvent =
  | { readonly kind: 'container-started'; readonly container: string; readonly pid: number; readonly restarts: number }
  | { readonly kind: 'container-ended'; readonly container: string; readonly end: ContainerEnd }
  | { readonly kind: 'container-backoff'; readonly container: string; readonly delayMs: number }
  | { readonly kind: 'probe'; readonly probe: ProbeName; readonly container: string; readonly passes: boolean }
  | { readonly kind: 'restart-all-containers'; readonly container: string; readonly exitCode: number }
  | { readonly kind: 'pod-ended'; readonly phase: PodPhase; readonly reason: string }

export type ProbeName = 'startup' | 'liveness' | 'readiness'
export type PodPhase = 'Succeeded' | 'Failed'
export type Report = (event: KubeletEvent) => void
