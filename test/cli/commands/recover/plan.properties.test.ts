import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { driverMemory } from '../../../../cli/spark-conf/spark-memory.ts'
import { parseNodeRoom } from '../../../../cli/workload/node-room.ts'
import { apacheApplication, application, type DriverCase, exited, node, planCase, pod, runs } from './driver-case.ts'

const mib = fc.integer({ min: 64, max: 65_536 })
const quotaWithMiB = (left: number) => ({
  metadata: { name: 'q' },
  spec: { hard: { 'requests.memory': `${left}Mi` } },
  status: { used: {} },
})

const withMiB = (key: string, mib: number | undefined) => (mib === undefined ? {} : { [key]: `${mib}m` })

const arbitraryMemory = fc.record({
  heap: mib,
  overhead: fc.option(mib, { nil: undefined }),
  previousHeap: fc.option(mib, { nil: undefined }),
  language: fc.constantFrom({ type: 'Python', name: 'python' } as const, { type: 'Scala', name: 'jvm' } as const),
  failure: fc.constantFrom(
    // A log in which the heap is full is the default.
    { pod: pod(exited(1), 'Failed') },
    { pod: pod(exited(137, 'OOMKilled'), 'Failed'), log: '' },
  ),
  nodeMiB: fc.integer({ min: 256, max: 131_072 }),
  maxMiB: fc.integer({ min: 256, max: 131_072 }),
  leftMiB: fc.integer({ min: 256, max: 131_072 }),
})
type MemoryCase = typeof arbitraryMemory extends fc.Arbitrary<infer T> ? T : never

function planMemory({ heap, overhead, previousHeap, language, failure, nodeMiB, maxMiB, leftMiB }: MemoryCase) {
  const driver = { memory: `${heap}m`, ...withMiB('memoryOverhead', overhead) }
  const max = { memory: `${maxMiB}Mi` }
  return planCase({
    application: application({ driver, spec: { type: language.type } }),
    ...failure,
    documents: previousHeap === undefined ? {} : { conf: `spark.driver.memory=${previousHeap}m\n` },
    facts: {
      nodes: { kind: 'read', value: [parseNodeRoom(node(`${nodeMiB}Mi`))] },
      limitRanges: { kind: 'read', value: [{ spec: { limits: [{ type: 'Pod', max }] } }] },
      quotas: { kind: 'read', value: [quotaWithMiB(leftMiB)] },
    },
  })
}

describe('recovery plan', () => {
  test('any memory and limits → never lowered, never above a limit, and the total is Spark’s own', () => {
    let raised = 0
    fc.assert(
      fc.property(arbitraryMemory, (memory) => {
        const { heap, overhead, previousHeap, language, nodeMiB, maxMiB, leftMiB } = memory
        const plan = planMemory(memory)
        if (plan.kind === 'refuse') return assert.equal(plan.reason, 'no-capacity')
        assert.ok(plan.kind === 'apply' && plan.remedy.kind === 'raise-memory')
        raised += 1
        const { key, fromMiB, toMiB, containerFromMiB, containerToMiB } = plan.remedy
        assert.ok(toMiB > fromMiB && containerToMiB > containerFromMiB)
        assert.ok(containerToMiB <= Math.min(nodeMiB, maxMiB, leftMiB))
        const next: Record<string, string> = {
          'spark.driver.memory': `${Math.max(heap, previousHeap ?? 0)}m`,
          ...withMiB('spark.driver.memoryOverhead', overhead),
          [key]: `${toMiB}m`,
        }
        const computed = driverMemory((name) => next[name], language.name)
        assert.equal(containerToMiB, computed?.totalMiB)
      }),
      { numRuns: 300 },
    )
    assert.ok(raised > 20)
  })

  test('completed application or driver → no plan', () => {
    const completed = fc.constantFrom<DriverCase>(
      { application: application({ state: 'COMPLETED' }) },
      { application: application({ state: 'SUCCEEDING' }) },
      { application: application({ state: 'COMPLETED', message: 'pods "nightly-driver" already exists' }) },
      { application: apacheApplication('Succeeded') },
      { application: apacheApplication('TerminatedWithoutReleaseResources', 'Always', ['Succeeded']) },
      { pod: pod(exited(0), 'Succeeded') },
      { pod: pod(exited(0), 'Running') },
      { application: null, pod: pod(exited(0), 'Succeeded') },
    )
    const around = fc.record({
      log: fc.constantFrom('', 'java.lang.OutOfMemoryError: Java heap space\n'),
      request: fc.record({ causeFixed: fc.boolean() }),
      pod: fc.constantFrom(
        undefined,
        null,
        pod(exited(1), 'Failed'),
        pod(runs, 'Running'),
        pod(exited(137, 'OOMKilled'), 'Failed'),
      ),
    })
    fc.assert(
      fc.property(completed, around, (completedCase, { pod: other, ...more }) => {
        const plan = planCase({
          ...more,
          ...(completedCase.pod === undefined && other !== undefined && { pod: other }),
          ...completedCase,
        })
        assert.deepEqual([plan.kind, plan.kind === 'refuse' && plan.reason], ['refuse', 'completed'])
      }),
    )
  })
})
