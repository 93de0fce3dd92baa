import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { SeedOptions } from '../faults/runner/seed-process.ts'
import { defineSparkApplications } from '../faults/runner/spark-application-definition.ts'
import { type Cluster, connectCluster } from '../harness/cluster.ts'
import { createNamespace, deleteNamespace } from '../harness/namespaces.ts'
import { run } from '../harness/processes.ts'

/** `7`, or `1000..1100`. */
const seeds = (() => {
  const [, first = '1', last = first] = /^(\d+)(?:\.\.(\d+))?$/.exec(process.env.SEEDS ?? '1..20') ?? []
  return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index)
})()
const scenarios = Number(process.env.DRIVERS ?? 500)
const writesPerSecond = Number(process.env.WRITES_PER_SECOND ?? 200)
/** Concurrent seeds, each in its own process and namespaces. A run spends half of its time waiting. */
const lanes = Array.from({ length: Number(process.env.LANES ?? 2) }, (_, index) => {
  const name = `${process.pid}-${index}`
  return { name, labelled: `faults-${name}`, unlabelled: `faults-unlabelled-${name}` }
})
const label = 'faults.test/labelled'
const free = [...lanes]
let cluster: Cluster
let undefine: () => Promise<void>

before(async () => {
  cluster = await connectCluster()
  undefine = await defineSparkApplications(cluster)
  for (const { name, labelled, unlabelled } of lanes) {
    await createNamespace(cluster, labelled, { [label]: name })
    await createNamespace(cluster, unlabelled)
  }
})
after(async () => {
  for (const { labelled, unlabelled } of lanes) {
    await deleteNamespace(cluster, labelled)
    await deleteNamespace(cluster, unlabelled)
  }
  await undefine()
})

describe('controllers behind a faulty network', { concurrency: lanes.length }, () => {
  for (const seed of seeds) {
    test(`seed ${seed} → no healthy driver is killed, and every hung one is handled exactly once`, async (context) => {
      const lane = free.pop()
      assert.ok(lane)
      const { name, labelled, unlabelled } = lane
      const options: SeedOptions = {
        seed,
        labelled,
        unlabelled,
        namespaceSelector: `${label}=${name}`,
        scenarios,
        writesPerSecond,
        // The memory check once failed in 140 seeds, for an unknown cause. It runs for all named seeds, otherwise for the last.
        memory: process.env.SEEDS !== undefined || seed === seeds.at(-1),
      }
      const program = join(import.meta.dirname, '../faults/runner/seed-process.ts')
      const env = { KUBECONFIG: cluster.kubeconfigPath }
      const { stdout } = await run(process.execPath, [program, JSON.stringify(options)], {
        env,
        timeoutMs: 300_000,
      }).finally(() => free.push(lane))
      const lines = stdout.trimEnd().split('\n')
      for (const line of lines.slice(0, -1)) context.diagnostic(line)
      const again = `again: SEEDS=${seed} npm run test:cluster -- faults`
      assert.deepEqual(JSON.parse(lines.at(-1) ?? '').slice(0, 50), [], again)
    })
  }
})
