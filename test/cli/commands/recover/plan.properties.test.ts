import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { driverMemory } from '../../../../cli/spark-conf/spark-memory.ts'
import { parseNodeRoom } from '../../../../cli/workload/node-room.ts'
import { apacheApplication, application, type DriverCase, exited, node, planOf, pod, runs } from './driver-case.ts'

const mib = fc.integer({ min: 64, max: 65_536 })
const quota = (left: number) => ({
  metadata: { name: 'q' },
  spec: { hard: { 'requests.memory': `${left}Mi` } },
  status: { used: {} },
})

describe('recovery plan', () => {
  test('memory: never lowered, never beyond a cap, and the sum is Spark’s own', () => {
    const arbitrary = fc.record({
      heap: mib,
      overhead: fc.option(mib, { nil: undefined }),
      had: fc.option(mib, { nil: undefined }),
      python: fc.boolean(),
      isContainer: fc.boolean(),
      nodeMiB: fc.integer({ min: 256, max: 131_072 }),
      maxMiB: fc.integer({ min: 256, max: 131_072 }),
      leftMiB: fc.integer({ min: 256, max: 131_072 }),
    })
    let raised = 0
    fc.assert(
      fc.property(arbitrary, ({ heap, overhead, had, python, isContainer, nodeMiB, maxMiB, leftMiB }) => {
        const withOverhead = (key: string) => (overhead === undefined ? {} : { [key]: `${overhead}m` })
        const driver = { memory: `${heap}m`, ...withOverhead('memoryOverhead') }
        const made = planOf({
          application: application({ driver, spec: { type: python ? 'Python' : 'Scala' } }),
          pod: pod(isContainer ? exited(137, 'OOMKilled') : exited(1), 'Failed'),
          ...(isContainer && { log: '' }),
          ...(had !== undefined && { documents: { conf: `spark.driver.memory=${had}m\n` } }),
          facts: {
            nodes: { kind: 'read', value: [parseNodeRoom(node(`${nodeMiB}Mi`))] },
            limitRanges: {
              kind: 'read',
              value: [{ spec: { limits: [{ type: 'Pod', max: { memory: `${maxMiB}Mi` } }] } }],
            },
            quotas: { kind: 'read', value: [quota(leftMiB)] },
          },
        })
        if (made.kind === 'refuse') return assert.equal(made.reason, 'no-capacity')
        assert.ok(made.kind === 'apply' && made.remedy.kind === 'raise-memory')
        raised += 1
        const { key, fromMiB, toMiB, containerFromMiB, containerToMiB } = made.remedy
        assert.ok(toMiB > fromMiB && containerToMiB > containerFromMiB)
        assert.ok(containerToMiB <= Math.min(nodeMiB, maxMiB, leftMiB))
        const next: Record<string, string> = {
          'spark.driver.memory': `${Math.max(heap, had ?? 0)}m`,
          ...withOverhead('spark.driver.memoryOverhead'),
          [key]: `${toMiB}m`,
        }
        const reckoned = driverMemory((name) => next[name], python ? 'python' : 'jvm')
        assert.equal(containerToMiB, reckoned?.totalMiB)
      }),
      { numRuns: 300 },
    )
    assert.ok(raised > 20)
  })

  test('never a plan for what has completed', () => {
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
      fc.property(completed, around, (one, { pod: other, ...more }) => {
        const made = planOf({ ...more, ...(one.pod === undefined && other !== undefined && { pod: other }), ...one })
        assert.deepEqual([made.kind, made.kind === 'refuse' && made.reason], ['refuse', 'completed'])
      }),
    )
  })
})
