import type { TestContext } from 'node:test'
import { foreign, ownTexts } from './known-metrics.ts'

/** A series of a promtool test. */
export interface InputSeries {
  readonly series: string
  readonly values: string
}

/** The last minute of the series. */
export const lastMinute = 180

/** All series that the dashboard reads: those of spark-nanny's processes, as Prometheus scrapes them, and those of other programs. */
export async function realSeries(t: TestContext): Promise<readonly InputSeries[]> {
  const { webhook, sidecar } = await ownTexts(t)
  const ofWebhook = { job: 'spark-nanny', instance: '10.0.0.1:9164', pod: 'spark-nanny-a' }
  const ofSidecar = { job: 'spark-drivers', instance: '10.2.0.7:9165', namespace: 'etl', pod: 'nightly-driver' }
  return [...scraped(webhook, ofWebhook), ...scraped(sidecar, ofSidecar), ...foreignSeries()]
}

/** A /metrics text with the labels of its target. The labels of a series take precedence (honor_labels). */
function scraped(text: string, target: Readonly<Record<string, string>>): readonly InputSeries[] {
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]))
  return [...text.matchAll(/^([a-z]\w*)(?:\{(.*)\})? (\S+)$/gm)].map(([, name = '', labels = '', value]) => {
    const own = [...labels.matchAll(/(\w+)=("(?:[^"\\]|\\.)*")/g)].map(([, label = '', quoted = '']) => [label, quoted])
    const all = {
      ...Object.fromEntries(Object.entries(target).map(([k, v]) => [k, JSON.stringify(v)])),
      ...Object.fromEntries(own),
    }
    const type = types.get(name) ?? types.get(name.replace(/_(?:bucket|sum|count)$/, ''))
    return {
      series: `${name}{${Object.entries(all).map(([label, quoted]) => `${label}=${quoted}`)}}`,
      // What is counted goes on at its own rate; it is not there at first.
      values: type === 'gauge' ? `${Number(value)}x${lastMinute}` : `_x60 0+${Number(value)}x${lastMinute}`,
    }
  })
}

const valuesOf: Readonly<Record<string, string>> = {
  namespace: 'etl',
  pod: 'nightly-driver',
  uid: '1',
  container: 'spark-kubernetes-driver',
  node: 'node1',
  resource: 'memory',
  unit: 'byte',
  reason: 'OOMKilled',
  phase: 'Running',
  condition: 'true',
  name: 'pods.spark-nanny.io',
  operation: 'CREATE',
  rejected: 'false',
  type: 'admit',
  le: '+Inf',
  id: '/x',
  image: 'spark',
}

/** One series for each metric, and one for each bucket of a histogram. */
function foreignSeries(): readonly InputSeries[] {
  return Object.values(foreign).flatMap((metrics) =>
    Object.entries(metrics).flatMap(([metric, labels]) =>
      (labels.includes('le') ? ['0.1', '1', '+Inf'] : ['']).map((le) => ({
        series: `${metric}{job="${metric === 'up' ? 'apiserver' : 'other'}",instance="10.0.1.1:8080"${labels.map((label) => `,${label}="${label === 'le' ? le : (valuesOf[label] ?? 'x')}"`).join('')}}`,
        values: /_(?:total|count|bucket)$/.test(metric) ? `_x60 0+1x${lastMinute}` : `1x${lastMinute}`,
      })),
    ),
  )
}
