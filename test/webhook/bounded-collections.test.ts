import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'

const root = join(import.meta.dirname, '../..')

/**
 * What bounds each Map and Set of the webhook's process. Names and texts in them come from tenants, so that a collection
 * without a bound is memory that a tenant can take. `call`: it lives only as long as one call.
 */
const bounds: Readonly<Record<string, string>> = {
  'cluster/namespaces.ts': 'call',
  'cluster/spark-applications.ts': 'clients with a running GET: 16; else call: the configured namespaces',
  'kubernetes/reflector.ts': 'call: the names of one list',
  'kubernetes/scoped-reflector.ts': 'the configured namespaces',
  'kubernetes/store.ts': 'the objects that exist, each up to maxKeptChars',
  'webhook/cluster-connection.ts': 'parts of this program',
  'webhook/controller/act/deletion-journal.ts': 'pods whose deletion was chosen, until they are gone',
  'webhook/controller/application-id-annotator.ts': 'pods with a running write',
  'webhook/controller/assess/wait-tracker.ts': 'the pods that exist',
  'webhook/controller/controller.ts': 'call',
  'webhook/controller/decide/driver-state.ts':
    'the pods that exist; of one pod, 50 digests of Events, and one entry for each kind of assessment and choice',
  'webhook/controller/decide/hang-breaker.ts': 'call',
  'webhook/controller/decide/sidecar-image-breaker.ts':
    'the pods that exist; trials by labelled namespace, which tenants cannot create',
  'webhook/controller/decide/start-records.ts': '5,000 namespaces with 200 pods each',
  'webhook/controller/decide/startup-breaker.ts': 'call',
  'webhook/controller/deletions/deletion-budget.ts': 'call',
  'webhook/controller/deletions/deletion-tracker.ts': 'pods with a running deletion; else call',
  'webhook/controller/deletions/history-cache.ts': '10,000 applications and 1,000 pods, the newest',
  'webhook/controller/driver/driver-watch.ts': 'parts of this program',
  'webhook/controller/metrics/bounded-series.ts': '1,000 series, and `other` for each labelled namespace and cause',
  'webhook/controller/metrics/driver-counts.ts': 'call',
  'webhook/controller/metrics/termination-tracker.ts': '10,000 applications; pods whose containers are being restarted',
  'webhook/controller/poll/request-limit.ts': 'namespaces with a request that runs or waits',
  'webhook/controller/poll/sidecar-status-poller.ts': 'the pods that exist',
  'webhook/controller/poll/ui-poller.ts': 'the pods that exist',
  'webhook/controller/reconcile/action-limits.ts': 'pods that wait for a slot',
  'webhook/controller/reconcile/dispatcher.ts': 'running actions: 16',
  'webhook/controller/reconcile/work-queue.ts': 'the pods that exist',
  'webhook/controller/start.ts': 'parts of this program',
  'webhook/server/connection-limit.ts': 'open connections, which are limited',
  'webhook/server/fair-turns.ts':
    '1,000 peers, and those with an open connection; bodies that are open, which are limited',
}

describe('collections of the webhook process', () => {
  test('each module with a Map or a Set → states what bounds it', () => {
    const files = globSync('{webhook,cluster,kubernetes}/**/*.ts', { cwd: root })
    const found = files.filter((file) => /new (Map|Set)\b/.test(readFileSync(join(root, file), 'utf8')))
    assert.deepEqual(found.toSorted(), Object.keys(bounds).toSorted())
  })
})
