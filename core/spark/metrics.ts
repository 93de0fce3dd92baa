import { isRecord, numberField, parseJson, toRecord } from '../json.ts'
import type { MetricsReading } from '../verdict/witnesses.ts'

/** Spark's MetricsServlet, which is on by default. Without the slash at the end, the UI redirects. */
export const metricsPath = '/metrics/json/'

/**
 * The metrics that a verdict reads, in a response of the MetricsServlet. Returns undefined if the body is not such a response.
 *
 * Names start with the application's id or `spark.metrics.namespace`, and `driver`, so they are compared by their end. If the
 * namespace is empty, they start with `driver`.
 * Sources: DAGSchedulerSource and LiveListenerBusMetrics of Spark 3.5 and 4.0.
 */
export function parseMetrics(body: string): MetricsReading | undefined {
  const json = parseJson(body)
  if (!isRecord(json) || !isRecord(json.gauges)) return undefined
  const gauges = createLookup(json.gauges, 'value')
  const counters = createLookup(json.counters, 'count')
  return {
    activeJobs: gauges('DAGScheduler.job.activeJobs'),
    allJobs: gauges('DAGScheduler.job.allJobs'),
    droppedExecutorEvents: counters('LiveListenerBus.queue.executorManagement.numDroppedEvents'),
  }
}

type Lookup = (name: string) => number | null

/** Finds a number by the end of its name. The names of a family are searched once per metric: there are some hundred. */
function createLookup(family: unknown, field: 'value' | 'count'): Lookup {
  const metrics = toRecord(family)
  const names = Object.keys(metrics)
  return (name) => {
    const end = `driver.${name}`
    const full = names.find((candidate) => candidate.endsWith(`.${end}`) || candidate === end || candidate === name)
    return full === undefined ? null : numberField(metrics[full], field)
  }
}
