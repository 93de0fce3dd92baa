import { setTimeout as sleep } from 'node:timers/promises'
import type { Container, Pod } from '../../../core/kubernetes/pod.ts'
import { type ContainerEnd, type ContainerProcess, startContainer } from './container-process.ts'
import type { PodPhase, Report } from './events.ts'
import type { Node } from './node.ts'
import { watchProbe } from './probing.ts'
import { restartsAllContainers } from './restart-rules.ts'

/** A pod that the kubelet stand-in runs. */
export interface PodRun {
  /** The process of a container that runs now. */
  readonly process: (container: string) => ContainerProcess | undefined
  /** Kills all that runs and tells nothing more; settles when nothing runs. */
  stop(): Promise<void>
}

/** A real kubelet begins at 10 s and ends at 5 min. */
const backoffMs = { first: 400, longest: 2_000 }
const graceMs = 1_000
/** A real kubelet takes about that long from the start of one container to the start of the next. */
const creationMs = 500

type LifeEnd =
  | { readonly kind: 'restart-all' }
  | { readonly kind: 'ended'; readonly phase: PodPhase; readonly reason: string }

/**
 * Runs a pod of restartPolicy Never as a kubelet does: init containers in turn, native sidecars before the rest and
 * again whenever they end, probes, and the restart of all containers where a container's rule asks for it.
 */
export function runPod(pod: Pod, node: Node, tell: Report): PodRun {
  const running = new Map<string, ContainerProcess>()
  const starts = new Map<string, number>()
  const stopped = new AbortController()
  const report: Report = (event) => {
    if (!stopped.signal.aborted) tell(event)
  }
  const done = lives()
  done.catch(() => {})

  async function lives(): Promise<void> {
    for (;;) {
      const end = await oneLife()
      if (stopped.signal.aborted) return
      if (end.kind === 'ended') return report({ kind: 'pod-ended', phase: end.phase, reason: end.reason })
    }
  }

  /** From the first container's start to the end of the pod or the restart of all its containers. */
  async function oneLife(): Promise<LifeEnd> {
    const over = Promise.withResolvers<LifeEnd>()
    const life = new AbortController()
    const stop = AbortSignal.any([life.signal, stopped.signal])
    stopped.signal.addEventListener('abort', () =>
      over.resolve({ kind: 'ended', phase: 'Failed', reason: 'the demo ends' }),
    )
    startInOrder(stop, over).catch(over.reject)
    const end = await over.promise.finally(() => life.abort())
    const graceful = end.kind === 'ended' && !stopped.signal.aborted
    await Promise.all([...running.values()].map((container) => endProcess(container, graceful ? graceMs : 0)))
    return end
  }

  async function startInOrder(stop: AbortSignal, over: PromiseWithResolvers<LifeEnd>): Promise<void> {
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
    const ends = await Promise.all(pod.spec.containers.map((container) => runToItsEnd(container, stop)))
    const failed = ends.find(({ exitCode }) => exitCode !== 0)
    over.resolve({
      kind: 'ended',
      phase: failed === undefined ? 'Succeeded' : 'Failed',
      reason: failed === undefined ? 'all containers ended well' : `a container ended with ${failed.exitCode}`,
    })
  }

  /** A native sidecar: it is restarted for ever, the first time at once, then with a doubling backoff. */
  async function keepRunning(
    container: Container,
    stop: AbortSignal,
    over: PromiseWithResolvers<LifeEnd>,
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

  /** A main container: probed while it runs, killed when its liveness or startup probe gives up on it. */
  async function runToItsEnd(container: Container, stop: AbortSignal): Promise<ContainerEnd> {
    const process = start(container)
    const gone = new AbortController()
    const probing = AbortSignal.any([stop, gone.signal])
    watchContainer(container, process, probing)
    const end = await process.ended
    gone.abort()
    return end
  }

  function watchContainer(container: Container, process: ContainerProcess, stop: AbortSignal): void {
    const { name, startupProbe, livenessProbe, readinessProbe } = container
    const started = () => {
      if (livenessProbe !== undefined) {
        watchProbe(livenessProbe, node, undefined, stop, (passes) => {
          report({ kind: 'probe', probe: 'liveness', container: name, passes })
          if (!passes) void endProcess(process, graceMs)
        }).catch(() => {})
      }
      if (readinessProbe !== undefined) {
        watchProbe(readinessProbe, node, false, stop, (passes) =>
          report({ kind: 'probe', probe: 'readiness', container: name, passes }),
        ).catch(() => {})
      }
    }
    if (startupProbe === undefined) {
      started()
      return
    }
    // It is never asked again once it has passed.
    const passed = new AbortController()
    watchProbe(startupProbe, node, undefined, AbortSignal.any([stop, passed.signal]), (passes) => {
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

  /** SIGTERM, and SIGKILL after the grace; at once when it is 0. */
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
