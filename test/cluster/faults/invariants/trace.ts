import { toRecord } from '../../../../core/json.ts'
import type { PassedWrite } from '../proxy/proxy.ts'

const replicaEvents = [
  'leader-acquired',
  'leader-lost',
  'controller-loop-failed',
  'reconcile-failed',
  'action-failed',
  'synced',
  'watch-stale',
]

/** Formats the log lines about whole replicas, in order. */
export function formatOverview(lines: readonly object[]): string {
  const reported = lines.filter((line) => replicaEvents.includes(String(toRecord(line).event)))
  return ['replicas', ...reported.map((line) => `  ${JSON.stringify(line).slice(0, 400)}`)].join('\n')
}

/** Formats all writes and log lines about one pod, for debugging. */
export function formatPodTrace(
  uid: string,
  name: string,
  writes: readonly PassedWrite[],
  lines: readonly object[],
): string {
  const isOf = (value: unknown) => JSON.stringify(value).includes(uid)
  const passed = writes
    .filter((write) => isOf([write.body, write.answers]))
    .map(({ replica, method, path, fault, answers, receivedMs, body }) => {
      const reason = String(toRecord(body).reason ?? '')
      const statuses = answers.map(({ status }) => status).join('+') || 'not sent on'
      return `  ${Math.round(receivedMs)} ${replica} ${method} ${path.split('/').slice(-2).join('/')} ${reason} ${fault}: ${statuses}`
    })
  const logged = lines.filter(isOf).map((line) => `  ${JSON.stringify(line).slice(0, 400)}`)
  return [name, ...passed, ...logged].join('\n')
}
