import { setTimeout as sleep } from 'node:timers/promises'
import type { Container, Pod } from '../../../core/kubernetes/pod.ts'
import { type ContainerEnd, type ContainerProcess, startContainer } from './container-process.ts'
import type { PodPhase, Report } from './events.ts'
import type { Node } from './node.ts'
import { watchProbe } from './probes.ts'
import { restartsAllContainers, restartsItself } from './restart-rules.ts'

/** A pod that the fake kubelet runs. */
export interface PodRun {
  /** The current process of a container. */
  readonly process: (container: string) => ContainerProcess | undefined
  /** Kills all containers and reports no further events. Settles when no container runs. */
  stop(): Promise<void>
}

/** A real kubelet begins at 10 s and ends at 5 min. */
const backoffMs = { first: 400, longest: 2_000 }
const graceMs = 1_000
/** A real kubelet takes about that long from the start of one container to the start of the next. */
const creationMs = 500

type AttemptEnd =
  | { readonly kind: 'restart-all' }
  | { readonly kind: 'ended'; readonly phase: PodPhase; readonly reason: string }

/**
 * Runs a pod with restartPolicy Never as a kubelet does: init containers in order, native sidecars restarted whenever
 * they end, probes, and a restart of all containers when a container's rule requires it.
 */
export function runPod(pod: Pod, node: Node, onEvent: Report): PodRun {
  const running = new Map<string, ContainerProcess>()
  const starts = new Map<string, number>()
  const stopped = new AbortController()
  const report: Report = (event) => {
    if (!stopped.signal.aborted) onEvent(event)
  }
  const done = runUntilEnd()
  done.catch(() => {})

  async function runUntilEnd(): Promise<void> {
    for (;;) {
      const end = await runAttempt()
      if (stopped.signal.aborted) return
      if (end.kind === 'ended') return report({ kind: 'pod-ended', phase: end.phase, reason: end.reason })
    }
  }

  /** Runs from the first container's start to the end of the pod or the restart of all its containers. */
  async function runAttempt(): Promise<AttemptEnd> {
    const over = Promise.withResolvers<AttemptEnd>()
    const attempt = new AbortController()
    const stop = AbortSignal.any([attempt.signal, stopped.signal])
    stopped.signal.addEventListener('abort', () =>
      over.resolve({ kind: 'ended', phase: 'Failed', reason: 'the demo ends' }),
    )
    startInOrder(stop, over).catch(over.reject)
    const end = await over.promise.finally(() => attempt.abort())
    const graceful = end.kind === 'ended' && !stopped.signal.aborted
    await Promise.all([...running.values()].map((container) => endProcess(container, graceful ? graceMs : 0)))
    return end
  }

  async function startInOrder(stop: AbortSignal, over: PromiseWithResolvers<AttemptEnd>): Promise<void> {
    for (const container of pod.spec.initContainers ?? []) {
      if (stop.aborted) return
      if (container.restartPolicy === 'Always') {
        keepRunning(container, stop, over).catch(over.reject)
        await sleep(creationMs, undefined, { signal: stop }).catch(() => {})
      } else {
        const { exitCode } = await start(container).ended
        if (exitCode !== 0) return over.resolve({ kind: 'ended', phase: 'Failed', reason: `Init:Error ${exitCode}` })
      }
    }
    if (stop.aborted) return
    over.resolve(endOf(await Promise.all(pod.spec.containers.map((container) => runToEnd(container, stop)))))
  }

  /** Restarts a native sidecar whenever it ends: the first time at once, then with a doubling backoff. */
  async function keepRunning(
    container: Container,
    stop: AbortSignal,
    over: PromiseWithResolvers<AttemptEnd>,
  ): Promise<void> {
    for (let ends = 1; ; ends += 1) {
      const { exitCode } = await start(container).ended
      if (stop.aborted) return
      if (restartsAllContainers(container, exitCode)) {
        report({ kind: 'restart-all-containers', container: container.name, exitCode })
        return over.resolve({ kind: 'restart-all' })
      }
      if (ends > 1) {
        const delayMs = Math.min(backoffMs.first * 2 ** (ends - 2), backoffMs.longest)
        report({ kind: 'container-backoff', container: container.name, delayMs })
        await sleep(delayMs, undefined, { signal: stop }).catch(() => {})
        if (stop.aborted) return
      }
    }
  }

  /** Runs a main container: probed while it runs, killed if liveness or startup fails, restarted if its rules say so. */
  async function runToEnd(container: Container, stop: AbortSignal): Promise<ContainerEnd> {
    const process = start(container)
    const gone = new AbortController()
    const probing = AbortSignal.any([stop, gone.signal])
    watchContainer(container, process, probing)
    const end = await process.ended
    gone.abort()
    if (stop.aborted || !restartsItself(container, end.exitCode)) return end
    report({ kind: 'container-backoff', container: container.name, delayMs: backoffMs.first })
    await sleep(backoffMs.first, undefined, { signal: stop }).catch(() => {})
    return stop.aborted ? end : runToEnd(container, stop)
  }

  function watchContainer(container: Container, process: ContainerProcess, stop: AbortSignal): void {
    // In a container, the main process is process 1, and no process of another container is visible.
    const own = `/proc/${process.pid}`
    const inContainer = { ...node, mounts: { ...node.mounts, '/proc/1': own, '/proc/[0-9]*': own } }
    const { name, startupProbe, livenessProbe, readinessProbe } = container
    const started = () => {
      if (livenessProbe !== undefined) {
        watchProbe(livenessProbe, inContainer, undefined, stop, (passes) => {
          report({ kind: 'probe', probe: 'liveness', container: name, passes })
          if (!passes) void endProcess(process, graceMs)
        }).catch(() => {})
      }
      if (readinessProbe !== undefined) {
        watchProbe(readinessProbe, inContainer, false, stop, (passes) =>
          report({ kind: 'probe', probe: 'readiness', container: name, passes }),
        ).catch(() => {})
      }
    }
    if (startupProbe === undefined) {
      started()
      return
    }
    // A startup probe runs no more once it has passed.
    const passed = new AbortController()
    watchProbe(startupProbe, inContainer, undefined, AbortSignal.any([stop, passed.signal]), (passes) => {
      report({ kind: 'probe', probe: 'startup', container: name, passes })
      passed.abort()
      if (passes) started()
      else void endProcess(process, graceMs)
    }).catch(() => {})
  }

  function start(container: Container): ContainerProcess {
    const process = startContainer(container, pod, node)
    const restarts = starts.get(container.name) ?? 0
    starts.set(container.name, restarts + 1)
    running.set(container.name, process)
    report({ kind: 'container-started', container: container.name, pid: process.pid, restarts })
    process.ended.then((end) => {
      if (running.get(container.name) === process) running.delete(container.name)
      report({ kind: 'container-ended', container: container.name, end })
    })
    return process
  }

  /** Sends SIGTERM, then SIGKILL after the grace period in milliseconds. With a grace period of 0, only SIGKILL. */
  async function endProcess(process: ContainerProcess, grace: number): Promise<void> {
    if (grace === 0) process.kill('SIGKILL')
    else {
      process.kill('SIGTERM')
      const killing = setTimeout(() => process.kill('SIGKILL'), grace)
      process.ended.finally(() => clearTimeout(killing))
    }
    await process.ended
  }

  return {
    process: (container) => running.get(container),
    async stop() {
      stopped.abort()
      await done
    },
  }
}

function endOf(ends: readonly ContainerEnd[]): AttemptEnd {
  const failed = ends.find(({ exitCode }) => exitCode !== 0)
  if (failed === undefined) return { kind: 'ended', phase: 'Succeeded', reason: 'all containers succeeded' }
  return { kind: 'ended', phase: 'Failed', reason: `a container ended with ${failed.exitCode}` }
}
