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
      title: 'running drivers have a sidecar, or the controller judges them',
      hint: 'A hang of an unprotected driver may go undetected. The driver was created before its namespace was labelled or while the webhook was unavailable, or the webhook skipped it with an admission warning. Resubmit the driver to protect it, or set spark-nanny.io/inject=false to opt out.',
      judge: forDrivers((all) => {
        const fromOutside = all.filter(({ judgedFromOutside, optedOut }) => judgedFromOutside && !optedOut)
        const without = all.filter(
          (driver) => driver.injected === null && !driver.optedOut && !driver.judgedFromOutside,
        )
        const outside =
          fromOutside.length === 0
            ? ''
            : `, ${fromOutside.length} of Apache’s operator without a sidecar, judged by the controller (fallback.mode decides whether it deletes pods)`
        return without.length === 0
          ? ok(`${formatCount(all.length, 'driver')}${outside}`)
          : warning(`${without.length} of ${all.length} are unprotected: ${named(without)}`)
      }),
    },
    {
      id: 'drivers-up-to-date',
      title: 'sidecars have the installed version',
      hint: 'A sidecar keeps its version until its driver is resubmitted. Older sidecars keep working, so no action is required.',
      judge: forProtectedDrivers((protectedDrivers, { installations }) => {
        const [first] = installations.kind === 'read' ? installations.value : []
        const version = first?.deployment.labels['app.kubernetes.io/version']
        if (version === undefined) return notApplicable
        const other = protectedDrivers.filter(({ injected }) => injected !== version)
        const shown = other.map(({ namespace, name, injected }) => `${namespace}/${name} (${injected || 'no version'})`)
        return other.length === 0
          ? ok(version)
          : warning(`${formatCount(other.length, 'driver')} not on ${version}: ${formatList(shown)}`)
      }),
    },
    {
      id: 'drivers-sidecar-started',
      title: 'sidecars have started',
      hint: 'A native sidecar that never started blocks the startup of its driver. Check sidecar.image of the chart and imagePullSecrets in the driver’s namespace. If a sidecar is crash-looping, its driver keeps running unprotected. Check `kubectl logs --previous -c spark-nanny`.',
      judge: forProtectedDrivers((protectedDrivers) => {
        const waiting = (hasRun: boolean) =>
          protectedDrivers.flatMap(({ namespace, name, sidecarWaiting }) =>
            sidecarWaiting?.hasRun === hasRun ? [`${namespace}/${name}: ${sidecarWaiting.why}`] : [],
          )
        const [blocked, crashing] = [waiting(false), waiting(true)]
        if (blocked.length > 0)
          return failure(`startup of ${formatCount(blocked.length, 'driver')} blocked: ${formatList(blocked, 2)}`)
        return crashing.length === 0
          ? ok()
          : warning(`${formatCount(crashing.length, 'driver')} unprotected: ${formatList(crashing, 2)}`)
      }),
    },
    {
      id: 'drivers-ready',
      title: 'running drivers are ready',
      hint: 'A driver becomes Ready when its Spark UI responds. Run `spark-nanny diagnose` to find out what delays it.',
      judge: forDrivers((all, { nowMs }) => {
        const late = all.flatMap(({ namespace, name, phase, notReadySinceMs }) => {
          const forMs = notReadySinceMs === null ? 0 : nowMs - notReadySinceMs
          return phase === 'Running' && forMs >= notReadyForMs ? [`${namespace}/${name} (for ${minutes(forMs)})`] : []
        })
        return late.length === 0
          ? ok()
          : warning(`${late.length} not ready for at least ${minutes(notReadyForMs)}: ${formatList(late)}`)
      }),
    },
    {
      id: 'drivers-not-hung',
      title: 'no driver is reported as hung',
      hint: 'Run `spark-nanny diagnose` to find out why the driver hangs. With restart=observe you must restart it yourself. Otherwise the kubelet restarts it within seconds, or when the budget of in-place restarts allows it. The command reads the status of sidecars through the API server, which requires `get pods/proxy`.',
      judge: forProtectedDrivers((protectedDrivers) => {
        const hung = protectedDrivers.flatMap(({ namespace, name, status }) =>
          status?.kind === 'read' && status.value.state === 'hung'
            ? [`${namespace}/${name} (${status.value.detail})`]
            : [],
        )
        if (hung.length > 0) return failure(`${formatCount(hung.length, 'driver')}: ${formatList(hung, 3)}`)
        const silent = protectedDrivers.filter(({ status }) => status?.kind === 'unreadable')
        const [reason] = silent.flatMap(({ status }) => (status?.kind === 'unreadable' ? [status.detail] : []))
        return silent.length === 0
          ? ok()
          : unknown(`could not read the sidecar’s status of ${named(silent)}: ${reason}`)
      }),
    },
  ],
}

const minutes = (ms: number) => formatDuration(Math.floor(ms / 60_000) * 60_000)
const named = (drivers: readonly CheckedDriver[]) =>
  formatList(drivers.map(({ namespace, name }) => `${namespace}/${name}`))

/** Not applicable if there are no drivers. */
function forDrivers(
  judge: (all: readonly CheckedDriver[], evidence: CheckEvidence) => CheckResult,
): (evidence: CheckEvidence) => CheckResult {
  return (evidence) =>
    judgeReading(evidence.drivers, (all) => (all.length === 0 ? notApplicable : judge(all, evidence)))
}

/** Judges the drivers that have a sidecar. Not applicable if there are none. */
function forProtectedDrivers(
  judge: (protectedDrivers: readonly CheckedDriver[], evidence: CheckEvidence) => CheckResult,
): (evidence: CheckEvidence) => CheckResult {
  return forDrivers((all, evidence) => {
    const protectedDrivers = all.filter(({ injected }) => injected !== null)
    return protectedDrivers.length === 0 ? notApplicable : judge(protectedDrivers, evidence)
  })
}
