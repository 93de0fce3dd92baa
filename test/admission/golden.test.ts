import { describe, test } from 'node:test'
import { admit } from '../../admission/admit.ts'
import type { SparkApplication } from '../../core/spark/application.ts'
import { capableContext, captureNames, captureRequest } from '../support/admission-captures.ts'
import { assertGolden } from '../support/golden-json.ts'

const application: SparkApplication = {
  operator: 'kubeflow',
  namespace: 'spark',
  name: 'opl',
  annotations: { 'spark-nanny.io/stall-deadline': '30m' },
  sparkConf: {},
  restartPolicy: { kind: 'on-failure', retries: 2 },
}

describe('admission responses', () => {
  for (const name of captureNames) {
    test(`the captured review ${name} → its golden response`, () => {
      const owned = name.endsWith('spark-operator')
      const context = owned
        ? { ...capableContext, application: { kind: 'found', application } as const }
        : capableContext
      const { review } = admit(captureRequest(name), context)
      const { patch, ...response } = review.response
      const operations: unknown = patch === undefined ? null : JSON.parse(Buffer.from(patch, 'base64').toString())
      assertGolden(`webhook/${name}.json`, { response, operations })
    })
  }
})
