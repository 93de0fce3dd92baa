import type { Verdict } from '../core/verdict/verdict.ts'
import { computeCurrentBudget, passesReadiness, type SidecarState } from './status.ts'

const verdictKinds = Object.keys({
  starting: true,
  alive: true,
  failing: true,
  stopping: true,
  unknown: true,
  hung: true,
} satisfies Record<Verdict['kind'], true>)

type Labels = Readonly<Record<string, string | number>>

/**
 * The response to /metrics, in Prometheus's text format 0.0.4. Written without a client library, which would double the
 * memory of the sidecar.
 */
export function formatMetrics(state: SidecarState, version: string): string {
  const lines: string[] = []
  const family = (
    name: string,
    type: string,
    help: string,
    samples: readonly (readonly [Labels, number, string?])[],
  ) => {
    const full = `spark_nanny_sidecar_${name}`
    lines.push(`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`)
    for (const [labels, value, suffix = ''] of samples) lines.push(`${full}${suffix}${formatLabels(labels)} ${value}`)
  }
  family('build_info', 'gauge', 'Version of the sidecar.', [[{ version }, 1]])
  family('idle', 'gauge', 'Whether the sidecar cannot monitor its driver (1 = yes).', [
    [{}, state.kind === 'idle' ? 1 : 0],
  ])
  family('ready', 'gauge', 'Whether the readiness probe passes (1 = yes).', [[{}, passesReadiness(state) ? 1 : 0]])
  if (state.kind === 'idle') return `${lines.join('\n')}\n`

  const { pollHistory, verdict, restartState, wrongVerdicts, wallMs, sinceWallMs, requestedBytes } = state.snapshot
  family('verdict', 'gauge', 'Whether the driver has this verdict (1 = yes), by verdict.', [
    ...verdictKinds.map((kind) => [{ state: kind }, kind === verdict.kind ? 1 : 0] as const),
  ])
  family('hang', 'gauge', 'Whether the driver is hung (1 = yes), by reason and certainty. Absent while it is not.', [
    ...(verdict.kind === 'hung' ? [[{ reason: verdict.reason, certainty: verdict.certainty }, 1] as const] : []),
  ])
  family('verdict_age_seconds', 'gauge', 'Duration of the current verdict.', [
    [{}, Math.max(0, wallMs - sinceWallMs) / 1000],
  ])
  family('polls_total', 'counter', 'Number of polls of the Spark UI, by result.', [
    ...Object.entries(pollHistory.counts()).map(([result, count]) => [{ result }, count] as const),
  ])
  const { buckets, sumSeconds, count } = pollHistory.durations()
  family('poll_duration_seconds', 'histogram', 'Duration of the polls of the Spark UI.', [
    ...buckets.map(({ le, count: within }) => [{ le }, within, '_bucket'] as const),
    [{ le: '+Inf' }, count, '_bucket'],
    [{}, sumSeconds, '_sum'],
    [{}, count, '_count'],
  ])
  family('ui_bytes_total', 'counter', 'Bytes that the Spark UI sent, by request: poll, or reading of a witness.', [
    [{ request: 'poll' }, requestedBytes.polls],
    [{ request: 'reading' }, requestedBytes.readings],
  ])
  const byReason = Map.groupBy(restartState.restarts, ({ reason }) => reason)
  family('restarts_total', 'counter', 'Number of driver restarts since the pod was created, by reason.', [
    ...[...byReason].map(([reason, restarts]) => [{ reason }, restarts.length] as const),
  ])
  const help = 'Number of drivers that worked again although they were to be restarted, by reason of the verdict.'
  family('wrong_verdicts_total', 'counter', help, [
    ...Object.entries(wrongVerdicts).map(([reason, count]) => [{ reason }, count] as const),
  ])
  family('attempt', 'gauge', 'Number of the current driver of the pod, counted from 1.', [[{}, restartState.attempt]])
  const budget = computeCurrentBudget(state.snapshot)
  if (budget !== null && budget.max !== null) {
    family('restart_budget_remaining', 'gauge', 'Number of restarts that the budget still allows.', [
      [{}, budget.max - budget.used],
    ])
  }
  return `${lines.join('\n')}\n`
}

function formatLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(String(value))}`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}
