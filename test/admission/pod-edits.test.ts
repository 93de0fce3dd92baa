import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { applyEdits, type PodEdits } from '../../admission/pod-edits.ts'
import { findDriverContainerIndex, type Pod } from '../../core/kubernetes/pod.ts'
import { driverPods } from './generated-pods.ts'

const edits: Omit<PodEdits, 'driverIndex'> = {
  annotations: { 'spark-nanny.io/injected': '1' },
  volumes: [{ name: 'spark-nanny', emptyDir: {} }],
  sidecar: { name: 'spark-nanny', image: 'sidecar:1' },
  driverMounts: [{ name: 'spark-nanny', mountPath: '/var/run/spark-nanny' }],
  driverEnv: [{ name: 'ADDED', value: '1' }],
  driverArgs: { at: 1, args: ['--conf', 'a=b'] },
  driverProbes: { livenessProbe: { periodSeconds: 10 } },
  driverRestart: null,
  restartPolicy: 'OnFailure',
  podRequests: {},
}

describe('applyEdits', () => {
  test('any driver pod → the pod with the edits, and the received pod is unchanged', () => {
    fc.assert(
      fc.property(driverPods, fc.subarray(['driverEnv', 'driverArgs', 'restartPolicy'] as const), (pod, without) => {
        const driverIndex = findDriverContainerIndex(pod.spec)
        if (driverIndex === undefined) return
        const chosen: PodEdits = {
          ...edits,
          driverIndex,
          ...(without.includes('driverEnv') && { driverEnv: [] }),
          ...(without.includes('driverArgs') && { driverArgs: { at: 0, args: [] } }),
          ...(without.includes('restartPolicy') && { restartPolicy: null }),
          ...(pod.spec.resources && { podRequests: { cpu: '3', memory: '3Gi' } }),
        }
        const received = structuredClone(pod)
        assert.deepEqual(applyEdits(pod, chosen)?.pod, writeIntendedPod(pod, chosen))
        assert.deepEqual(pod, received)
      }),
      { numRuns: 400 },
    )
  })
})

/** Writes the edited pod without operations, so that a mistake in the operations is found. */
function writeIntendedPod(pod: Pod, edits: PodEdits): Pod {
  const { spec, metadata } = pod
  return {
    ...pod,
    metadata: { ...metadata, annotations: { ...metadata?.annotations, ...edits.annotations } },
    spec: {
      ...spec,
      ...(spec.resources && {
        resources: { ...spec.resources, requests: { ...spec.resources.requests, ...edits.podRequests } },
      }),
      volumes: [...(spec.volumes ?? []), ...edits.volumes],
      initContainers: [...(spec.initContainers ?? []), edits.sidecar],
      containers: spec.containers.map((container, index) => {
        if (index !== edits.driverIndex) return container
        const { args = [], env, volumeMounts } = container
        return {
          ...container,
          ...(edits.driverArgs.args.length > 0 && { args: args.toSpliced(1, 0, ...edits.driverArgs.args) }),
          ...(edits.driverEnv.length > 0 && { env: [...(env ?? []), ...edits.driverEnv] }),
          volumeMounts: [...(volumeMounts ?? []), ...edits.driverMounts],
          ...edits.driverProbes,
        }
      }),
      ...(edits.restartPolicy !== null && { restartPolicy: edits.restartPolicy }),
    },
  }
}
