/**
 * The real thread of the controller, which fails on command. The commands come by a channel, so that the program under test
 * knows nothing of them.
 */
import { BroadcastChannel, parentPort, workerData } from 'node:worker_threads'
import '../../../webhook/controller-thread/thread.ts'

const faults: Readonly<Record<string, () => void>> = {
  crash: () => {
    throw new Error('a crash on command')
  },
  exit: () => process.exit(0),
  loop: () => {
    for (;;);
  },
  wait: () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  heap: () => {
    const kept: unknown[] = []
    for (;;) kept.push({ kept: kept.length })
  },
  garbage: () => {
    const circular: Record<string, unknown> = {}
    circular.self = circular
    const values = [null, undefined, 'x', 1n, circular, { kind: 'report' }, { kind: 'report', report: circular }]
    for (const value of [...values, { kind: 'metrics', id: 1 }, { kind: 'log' }, { kind: 'log', text: 'x' }]) {
      parentPort?.postMessage(value)
    }
  },
  suspend: () =>
    parentPort?.postMessage({
      kind: 'report',
      report: { isLeader: true, stale: {}, suspensions: { etl: 'the image cannot be pulled' }, memoryBytes: 1 },
    }),
}

// Each test has a version of its own.
const channel = new BroadcastChannel(String((workerData as { readonly version: unknown }).version))
channel.onmessage = (event) => faults[String((event as { readonly data: unknown }).data)]?.()
channel.unref()
