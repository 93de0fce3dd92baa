import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { diagnose } from '../../../cli/diagnosis/diagnose.ts'
import type { Finding } from '../../../cli/findings/findings.ts'
import { remedyTitle } from '../../../cli/render/text.ts'
import {
  buildEvidence,
  contextStarted,
  type EvidenceCase,
  error,
  failedWith,
  running,
  uncaughtException,
} from '../rules/evidence-case.ts'
import { positives } from '../rules/positives.ts'

const quotaRefusal =
  'io.fabric8.kubernetes.client.KubernetesClientException: Failure executing: POST at: https://kubernetes.default.svc/api/v1/namespaces/etl/pods. Message: pods "x" is forbidden: failed quota: q: must specify limits.cpu. Received status: Status(apiVersion=v1, code=403).'

function rootOf(evidenceCase: EvidenceCase): Finding {
  const [root] = diagnose(buildEvidence(evidenceCase)).findings
  assert.ok(root !== undefined)
  return root
}

const settingsOf = ({ remedies }: Finding) =>
  remedies.flatMap((remedy) => (remedy.kind === 'set-conf' ? [remedy.key] : []))

describe('remedies of a diagnosis', () => {
  test('any finding → no value is left for the user to invent', () => {
    for (const [id, evidenceCase] of positives) {
      for (const remedy of rootOf(evidenceCase).remedies) {
        assert.doesNotMatch(`${remedyTitle(remedy)} ${remedy.commands.join(' ')}`, /\b(MORE|DIRECTORY|HOST|PORT)\b/, id)
      }
    }
  })

  test('the quota refuses an executor of a running driver → only the executors need a limit', () => {
    const log = contextStarted + error('Utils', 'Uncaught exception in thread x') + `${quotaRefusal}\n`.repeat(3)
    assert.deepEqual(settingsOf(rootOf({ ...running, log })), ['spark.kubernetes.executor.limit.cores'])
  })

  test('the quota refuses the driver → the driver needs a limit first', () => {
    const application = {
      apiVersion: 'sparkoperator.k8s.io/v1beta2',
      kind: 'SparkApplication',
      metadata: { name: 'nightly', namespace: 'etl' },
      spec: {},
      status: {
        applicationState: { state: 'SUBMISSION_FAILED', errorMessage: `failed to run spark-submit: ${quotaRefusal}` },
      },
    }
    assert.equal(settingsOf(rootOf({ state: null, log: null, application }))[0], 'spark.kubernetes.driver.limit.cores')
  })

  test('too many executors failed → no command looks for pods that Spark has deleted', () => {
    const { remedies } = rootOf({ ...failedWith(11), log: error('A', 'Max number of executor failures (4) reached') })
    assert.doesNotMatch(remedies.flatMap(({ commands }) => commands).join(), /get pods/)
  })

  const logCommands = ({ remedies }: Finding) =>
    remedies.flatMap(({ commands }) => commands).filter((line) => line.includes(' logs '))

  test('the pod has other containers → commands read the log of the driver’s', () => {
    const containers = [{ name: 'istio-proxy' }, { name: 'spark-kubernetes-driver' }]
    for (const [id, evidenceCase] of positives) {
      if (evidenceCase.state === null || evidenceCase.spec !== undefined || evidenceCase.sidecar !== undefined) continue
      for (const command of logCommands(rootOf({ ...evidenceCase, spec: { containers } }))) {
        assert.match(command, / -c (spark-kubernetes-driver|spark-nanny)/, id)
      }
    }
  })

  test('the driver runs again after a failure → commands read the log of the run that failed', () => {
    const lastState = { terminated: { exitCode: 1, reason: 'Error', finishedAt: '2026-11-24T11:00:00Z' } }
    const previousLog = uncaughtException('com.acme.NoRowsException: none')
    const { run, ...root } = rootOf({ ...running, lastState, previousLog })
    assert.equal(run, 'previous')
    const commands = logCommands({ run, ...root })
    assert.ok(commands.length > 0)
    for (const command of commands) assert.match(command, / logs \S+ --previous/)
  })

  test('an invalid value whose setting is unknown → the headline shows the value', () => {
    const log = uncaughtException('java.lang.NumberFormatException: Failed to parse byte string: 4gg')
    assert.equal(rootOf({ log }).title, 'A setting has an invalid value: 4gg')
  })

  test('a reason that continues the words of the rule → the headline shows both', () => {
    const expired = 'com.amazonaws.services.s3.model.AmazonS3Exception: The provided token has expired. (Service: S3)'
    assert.match(rootOf({ log: uncaughtException(expired) }).title, /accepts: The provided token has expired/)
  })

  test('a full heap, and only the limit of the container is known → a heap above any that fits into it', () => {
    const log = uncaughtException('java.lang.OutOfMemoryError: Java heap space')
    for (const [limit, proposed] of [
      ['2432Mi', '3g'],
      ['8Gi', '11g'],
      ['1408Mi', '1536m'],
    ] as const) {
      const containers = [{ name: 'spark-kubernetes-driver', resources: { limits: { memory: limit } } }]
      const [remedy] = rootOf({ log, spec: { containers } }).remedies
      assert.ok(remedy?.kind === 'raise-memory')
      assert.deepEqual([remedy.current, remedy.proposed], [null, proposed])
    }
  })

  test('a full heap, and no size is known → no command with an invented value', () => {
    const [remedy] = rootOf({
      log: uncaughtException('java.lang.OutOfMemoryError: Java heap space'),
      spec: { containers: [{ name: 'spark-kubernetes-driver' }] },
    }).remedies
    assert.ok(remedy?.kind === 'raise-memory' && remedy.proposed === null)
    assert.deepEqual(remedy.commands, [])
    assert.match(remedyTitle(remedy), /raise spark\.driver\.memory$/)
  })
})
