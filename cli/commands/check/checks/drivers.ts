import { formatDuration } from '../../../../core/duration.ts'
import type { CheckedDriver } from '../driver.ts'
import type { CheckEvidence } from '../evidence.ts'
import { judgeReading } from '../judge-reading.ts'
import {
  type Category,
  type CheckResult,
  failure,
  formatCount,
  formatList,
  notApplicable,
  ok,
  unknown,
  warning,
} from '../result.ts'

/** Longer than the startup deadline's default of ten minutes. */
const notReadyForMs = 15 * 60_000

export const drivers: Category<CheckEvidence> = {
  name: 'drivers',
  checks: [
    {
      id: 'drivers-injected',
      title: 'running drivers have their sidecar',
      hint: 'A driver that was created before the label, or while the webhook was away, has none until it is submitted again; nobody notices when it hangs. One that was left alone for a reason got a warning at its admission. If its SparkApplication opted out, all is as asked for.',
      judge: ofDrivers((all) => {
        const without = all.filter(({ injected, optedOut }) => injected === null && !optedOut)
        return without.length === 0
          ? ok(formatCount(all.length, 'driver'))
          : warning(`${without.length} of ${all.length} have none: ${named(without)}`)
      }),
    },
    {
      id: 'drivers-current',
      title: 'sidecars are of the installed version',
      hint: 'A sidecar stays as it was injected until its driver is submitted again. Older ones go on working; nothing has to be done.',
      judge: ofGuarded((guarded, { installations }) => {
        const [first] = installations.kind === 'read' ? installations.value : []
        const version = first?.deployment.labels['app.kubernetes.io/version']
        if (version === undefined) return notApplicable
        const other = guarded.filter(({ injected }) => injected !== version)
        const shown = other.map(({ namespace, name, injected }) => `${namespace}/${name} (${injected || 'no version'})`)
        return other.length === 0
          ? ok(version)
          : warning(`${formatCount(other.length, 'driver')} not on ${version}: ${formatList(shown)}`)
      }),
    },
    {
      id: 'drivers-sidecar-starts',
      title: 'sidecars start',
      hint: 'A native sidecar that never ran holds its driver back: see sidecar.image of the chart, and imagePullSecrets of the driver’s namespace. One that crashes leaves its driver alone, but unwatched: `kubectl logs --previous -c spark-nanny`.',
      judge: ofGuarded((guarded) => {
        const waiting = (hasRun: boolean) =>
          guarded.flatMap(({ namespace, name, sidecarWaiting }) =>
            sidecarWaiting?.hasRun === hasRun ? [`${namespace}/${name}: ${sidecarWaiting.why}`] : [],
          )
        const [held, crashing] = [waiting(false), waiting(true)]
        if (held.length > 0) return failure(`${formatCount(held.length, 'driver')} held back: ${formatList(held, 2)}`)
        return crashing.length === 0
          ? ok()
          : warning(`${formatCount(crashing.length, 'driver')} unwatched: ${formatList(crashing, 2)}`)
      }),
    },
    {
      id: 'drivers-ready',
      title: 'running drivers are Ready',
      hint: 'A driver is Ready once its Spark UI answers. `spark-nanny diagnose` tells what holds it up.',
      judge: ofDrivers((all, { nowMs }) => {
        const late = all.flatMap(({ namespace, name, phase, notReadySinceMs }) => {
          const forMs = notReadySinceMs === null ? 0 : nowMs - notReadySinceMs
          return phase === 'Running' && forMs >= notReadyForMs ? [`${namespace}/${name} (for ${minutes(forMs)})`] : []
        })
        return late.length === 0
          ? ok()
          : warning(`${late.length} not for ${minutes(notReadyForMs)} or longer: ${formatList(late)}`)
      }),
    },
    {
      id: 'drivers-not-hung',
      title: 'no verdict `hung` stands',
      hint: 'The sidecar of a driver that is not Ready is asked through the API server (`get pods/proxy`). With restart=observe nothing is done by itself; else the kubelet acts within seconds, or the in-place budget is waited for. `spark-nanny diagnose` tells why it hangs.',
      judge: ofGuarded((guarded) => {
        const hung = guarded.flatMap(({ namespace, name, status }) =>
          status?.kind === 'read' && status.value.state === 'hung'
            ? [`${namespace}/${name} (${status.value.detail})`]
            : [],
        )
        if (hung.length > 0) return failure(`${formatCount(hung.length, 'driver')}: ${formatList(hung, 3)}`)
        const silent = guarded.filter(({ status }) => status?.kind === 'unreadable')
        const [reason] = silent.flatMap(({ status }) => (status?.kind === 'unreadable' ? [status.detail] : []))
        return silent.length === 0 ? ok() : unknown(`the sidecar was not read of ${named(silent)}: ${reason}`)
      }),
    },
  ],
}

const minutes = (ms: number) => formatDuration(Math.floor(ms / 60_000) * 60_000)
const named = (drivers: readonly CheckedDriver[]) =>
  formatList(drivers.map(({ namespace, name }) => `${namespace}/${name}`))

/** Nothing is said of no driver at all. */
function ofDrivers(
  judge: (all: readonly CheckedDriver[], evidence: CheckEvidence) => CheckResult,
): (evidence: CheckEvidence) => CheckResult {
  return (evidence) =>
    judgeReading(evidence.drivers, (all) => (all.length === 0 ? notApplicable : judge(all, evidence)))
}

/** Nor is anything said of sidecars where there is none. */
function ofGuarded(
  judge: (guarded: readonly CheckedDriver[], evidence: CheckEvidence) => CheckResult,
): (evidence: CheckEvidence) => CheckResult {
  return ofDrivers((all, evidence) => {
    const guarded = all.filter(({ injected }) => injected !== null)
    return guarded.length === 0 ? notApplicable : judge(guarded, evidence)
  })
}
