import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ApplicationReference } from '../../../core/spark/application-reference.ts'
import { parseDriver } from '../../../webhook/controller/driver/parse-driver.ts'
import { isInjectionProven } from '../../../webhook/injection/proof.ts'
import { createAdmissionHandler, type Lookups } from '../../../webhook/server/admission-handler.ts'
import { createAdmissionRecorder } from '../../../webhook/server/admission-log.ts'
import { createMetrics } from '../../../webhook/server/metrics.ts'
import { capableContext, capturePod, captureRequest, requestFor } from '../../support/admission-captures.ts'
import { createRecordingLog } from '../../support/recording-log.ts'

function handler(lookups: Partial<Lookups> = {}) {
  const metrics = createMetrics('1.2.3')
  const { log, lines } = createRecordingLog()
  const asked: ApplicationReference[] = []
  const handle = createAdmissionHandler({
    fixed: capableContext,
    lookups: {
      application: (reference) => {
        asked.push(reference)
        return { kind: 'none' }
      },
      limits: () => null,
      capabilities: () => capableContext.capabilities,
      suspension: () => null,
      injectionKey: () => null,
      ...lookups,
    },
    recorder: createAdmissionRecorder(metrics, log, (record) => record()),
    nowMs: () => 0,
  })
  return { handle, metrics, lines, asked }
}

describe('createAdmissionHandler', () => {
  test('a driver with an owner → its SparkApplication is looked up in the namespace of the request', async () => {
    const { handle, asked } = handler()
    await handle(captureRequest('driver-pod.spark-operator'))
    assert.deepEqual(asked, [
      { operator: 'kubeflow', namespace: 'spark', name: 'opl', uid: '38ba9050-1568-456e-843d-43a56b5c2db1' },
    ])
  })

  test('an injection → the pod proves it by its name, namespace, image and policy; a dry run and a missing key prove nothing', async () => {
    const key = Buffer.alloc(32, 7)
    const request = captureRequest('driver-pod.spark-submit')
    const inject = async (isDryRun: boolean, injectionKey: Buffer | null) => {
      const { handle } = handler({ injectionKey: () => injectionKey })
      const { decision } = await handle({ ...request, dryRun: isDryRun })
      assert.ok(decision.kind === 'inject')
      const stored = { ...decision.pod, metadata: { ...decision.pod.metadata, namespace: 'spark', uid: 'uid-1' } }
      return parseDriver(stored)
    }
    const driver = await inject(false, key)
    assert.ok(driver?.sidecar?.proof)
    assert.equal(isInjectionProven([key], driver.sidecar.proof, driver, capableContext.sidecar.image), true)
    assert.equal((await inject(true, key))?.sidecar?.proof, null)
    assert.equal((await inject(false, null))?.sidecar?.proof, null)
  })

  test('http probes → requests of the kubelet have a key that no other pod and no dry run has', async () => {
    const { handle } = handler({ injectionKey: () => Buffer.alloc(32, 7) })
    const pod = capturePod('driver-pod.spark-submit')
    const annotations = { ...pod.metadata?.annotations, 'spark-nanny.io/probe-handler': 'http' }
    const request = requestFor({ ...pod, metadata: { ...pod.metadata, annotations } })
    const keyOf = async (uid: string, isDryRun = false) => {
      const { decision } = await handle({ ...request, uid, dryRun: isDryRun })
      assert.ok(decision.kind === 'inject')
      const driver = decision.pod.spec.containers.find(({ startupProbe }) => startupProbe !== undefined)
      const { probeKey } = decision.policy
      const query = probeKey === undefined ? '' : `?key=${probeKey}`
      assert.equal(driver?.startupProbe?.httpGet?.path, `/startedz${query}`)
      assert.equal(driver?.readinessProbe?.httpGet?.path, `/readyz${query}`)
      return probeKey
    }
    const key = await keyOf('uid-1')
    assert.match(key ?? '', /^[\w-]{22}$/)
    assert.notEqual(await keyOf('uid-2'), key)
    assert.equal(await keyOf('uid-1', true), undefined)
  })

  test('suspended injection → asked for the namespace of the request, but not for a dry run', async () => {
    const asked: string[] = []
    const suspension = (namespace: string) => {
      asked.push(namespace)
      return 'broken'
    }
    const { handle } = handler({ suspension })
    const request = captureRequest('driver-pod.spark-submit')
    assert.equal((await handle(request)).decision.reason, 'sidecar-image-failing')
    assert.equal((await handle({ ...request, dryRun: true })).decision.reason, 'injected')
    assert.deepEqual(asked, ['spark'])
  })

  test('another object, or a driver without an owner → no lookup', async () => {
    const { handle, asked } = handler()
    await handle(captureRequest('executor-pod'))
    await handle(captureRequest('driver-service.spark-submit'))
    await handle(captureRequest('driver-pod.spark-submit'))
    assert.deepEqual(asked, [])
  })

  test('a lookup that throws or rejects → the pod is admitted, and the error is logged', async () => {
    for (const application of [
      () => {
        throw new Error('bug')
      },
      () => Promise.reject(new Error('bug')),
    ]) {
      const { handle, lines } = handler({ application })
      const { review } = await handle(captureRequest('driver-pod.spark-operator'))
      assert.deepEqual([review.response.allowed, review.response.auditAnnotations.reason], [true, 'internal-error'])
      assert.deepEqual([lines[0]?.level, lines[0]?.line.reason], ['error', 'internal-error'])
    }
  })

  test('an admission → one log line, at info for injections, else at debug', async () => {
    const { handle, lines } = handler()
    await handle(captureRequest('driver-pod.spark-submit'))
    await handle(captureRequest('executor-pod'))
    assert.deepEqual(
      lines.map(({ level, line }) => [level, line.event, line.reason, line.namespace, line.name]),
      [
        ['info', 'admission', 'injected', 'spark', 'plain-pi-driver'],
        ['debug', 'admission', 'executor', 'spark', captureRequest('executor-pod').name],
      ],
    )
  })

  test('malformed or long names → one short log line', async () => {
    const { handle, lines } = handler()
    const request = captureRequest('driver-pod.spark-submit')
    const names = [{}, new Array(1_000).fill(0), 'x'.repeat(100_000)]
    for (const name of names) await handle({ ...request, name: '', object: { metadata: { name, generateName: name } } })
    await handle({
      ...request,
      namespace: 'n'.repeat(100_000),
      kind: { group: '', version: 'v1', kind: 'k'.repeat(100_000) },
    })
    assert.equal(lines.length, 4)
    for (const { line } of lines) assert.ok(JSON.stringify(line).length < 1_500)
  })

  test('an admission → counted by result, reason and kind; an unknown key is not a label', async () => {
    const { handle, metrics } = handler()
    const pod = captureRequest('driver-pod.spark-submit').object as { readonly metadata: object }
    const annotations = { 'spark-nanny.io/nonsense-1': 'x', 'spark-nanny.io/timeout': '7' }
    await handle(requestFor({ ...pod, metadata: { ...pod.metadata, annotations } }))
    await handle(captureRequest('executor-pod'))
    metrics.setCertificateExpiry(1_000_000)
    const text = await metrics.render()
    assert.match(text, /spark_nanny_build_info\{version="1.2.3",node="v\d+[^"]*"\} 1/)
    assert.match(text, /spark_nanny_admissions_total\{result="inject",reason="injected",kind="Pod"\} 1/)
    assert.match(text, /spark_nanny_admissions_total\{result="skip",reason="executor",kind="Pod"\} 1/)
    assert.match(text, /spark_nanny_invalid_settings_total\{key="unknown",source="pod"\} 1/)
    assert.match(text, /spark_nanny_invalid_settings_total\{key="spark-nanny.io\/timeout",source="pod"\} 1/)
    assert.match(text, /spark_nanny_admission_duration_seconds_count 2/)
    assert.match(text, /spark_nanny_certificate_expiry_timestamp_seconds 1000/)
  })
})
