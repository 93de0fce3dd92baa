/**
 * A process with its own watch, which shows when an event reaches a watcher at all. Prints a line for each driver whose
 * restart setting is `observe`.
 */
import { readFileSync } from 'node:fs'
import { toRecord } from '../../../core/json.ts'
import { createClient } from '../../../kubernetes/client.ts'
import { parseDriver } from '../../../webhook/controller/driver/parse-driver.ts'
import { isObserved } from './changes.ts'

const { BENCH_SERVER: server = '', BENCH_SERVICE_ACCOUNT_DIR: dir = '' } = process.env
const api = createClient({
  server,
  tls: { ca: readFileSync(`${dir}/ca.crt`, 'utf8') },
  authorization: async () => `Bearer ${readFileSync(`${dir}/token`, 'utf8')}`,
})
const path = '/api/v1/pods?watch=true&labelSelector=spark-role%3Ddriver&resourceVersion='
const answer = await api.request({ method: 'GET', path: '/api/v1/pods?limit=1', deadlineMs: 30_000 })
const { resourceVersion } = toRecord(toRecord(answer.kind === 'response' ? answer.body : undefined).metadata)
console.log(JSON.stringify({ event: 'watching' }))
for await (const item of api.watch(`${path}${resourceVersion}`, 600_000, new AbortController().signal)) {
  const driver = item.kind === 'event' ? parseDriver(toRecord(item.event).object) : undefined
  if (driver === undefined || !isObserved(driver)) continue
  const { namespace, name } = driver
  console.log(JSON.stringify({ event: 'seen', time: new Date(), namespace, name }))
}
