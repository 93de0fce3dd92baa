import { recordOf } from '../../../../core/json.ts'
import type { PassedWrite } from '../proxy/proxy.ts'

const telling = ['leader', 'leader-lost', 'loop-ended', 'reconcile-failed', 'action-broken', 'synced', 'watch-stale']

/** What befell whole replicas, in their order. */
export function overviewOf(lines: readonly object[]): string {
  const told = lines.filter((line) => telling.includes(String(recordOf(line).event)))
  return ['replicas', ...told.map((line) => `  ${JSON.stringify(line).slice(0, 400)}`)].join('\n')
}

/** All that was written and logged about one pod, to find out why. */
export function trailOf(uid: string, name: string, writes: readonly PassedWrite[], lines: readonly object[]): string {
  const isOf = (value: unknown) => JSON.stringify(value).includes(uid)
  const passed = writes
    .filter((write) => isOf([write.body, write.answers]))
    .map(({ replica, method, path, fault, answers, receivedMs, body }) => {
      const reason = String(recordOf(body).reason ?? '')
      const statuses = answers.map(({ status }) => status).join('+') || 'not sent on'
      return `  ${Math.round(receivedMs)} ${replica} ${method} ${path.split('/').slice(-2).join('/')} ${reason} ${fault}: ${statuses}`
    })
  const said = lines.filter(isOf).map((line) => `  ${JSON.stringify(line).slice(0, 400)}`)
  return [name, ...passed, ...said].join('\n')
}
