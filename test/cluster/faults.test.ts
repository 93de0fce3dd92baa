import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { loadAccess } from '../../webhook/kubernetes/access.ts'
import { type Cluster, connectCluster } from './cluster.ts'
import { runSeed } from './faults/run.ts'
import { defineSparkApplications } from './faults/spark-application-definition.ts'
import { createNamespace, deleteNamespace } from './namespaces.ts'

/** `7`, or `1000..1100`. */
const seeds = (() => {
  const [, first = '1', last = first] = /^(\d+)(?:\.\.(\d+))?$/.exec(process.env.SEEDS ?? '1..20') ?? []
  return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index)
})()
const lives = Number(process.env.LIVES ?? 500)
const writesPerSecond = Number(process.env.WRITES_PER_SECOND ?? 200)
const [guarded, bare] = [`faults-${process.pid}`, `faults-bare-${process.pid}`]
let cluster: Cluster
let undefine: () => Promise<void>

before(async () => {
  cluster = await connectCluster()
  undefine = await defineSparkApplications(cluster)
  await createNamespace(cluster, guarded, { 'faults.test/guarded': String(process.pid) })
  await createNamespace(cluster, bare)
})
after(async () => {
  for (const namespace of [guarded, bare]) await deleteNamespace(cluster, namespace)
  await undefine()
})

describe('controllers behind a faulty network', () => {
  for (const seed of seeds) {
    test(`seed ${seed}: no healthy driver is killed, every hung one is dealt with, once`, async (context) => {
      const access = await loadAccess({ KUBECONFIG: cluster.kubeconfigPath }, '')
      const { problems } = await runSeed({
        seed,
        access,
        guarded,
        bare,
        namespaceSelector: `faults.test/guarded=${process.pid}`,
        lives,
        writesPerSecond,
        memory: seed === seeds.at(-1),
        log: (line) => context.diagnostic(line),
      })
      const again = `again: SEEDS=${seed} npm run test:cluster -- faults`
      assert.deepEqual(problems.slice(0, 50), [], again)
    })
  }
})
