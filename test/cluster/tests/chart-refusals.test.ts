import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { template } from '../harness/chart/helm.ts'

/** Invalid values, and the error message for each. */
const refusals: readonly (readonly [what: string, values: object, message: RegExp])[] = [
  ['a slip in a key', { replicaCuont: 3 }, /at '': additional properties 'replicaCuont' not allowed/],
  ['a slip further down', { image: { tagg: 'v1' } }, /at '\/image': additional properties 'tagg' not allowed/],
  ['a word for a number', { replicaCount: 'two' }, /at '\/replicaCount': got string, want integer/],
  [
    'an unknown pull policy',
    { image: { pullPolicy: 'Sometimes' } },
    /'\/image\/pullPolicy': value must be one of 'Always', 'IfNotPresent', 'Never'/,
  ],
  ['half a digest', { image: { digest: 'sha256:12' } }, /'\/image\/digest': 'sha256:12' does not match pattern/],
  ['a number as tag', { image: { tag: 1.2 } }, /'\/image\/tag': got number, want string/],
  ['a failure policy in lower case', { webhook: { failurePolicy: 'ignore' } }, /must be one of 'Ignore', 'Fail'/],
  ['too long a timeout', { webhook: { timeoutSeconds: 4 } }, /'\/webhook\/timeoutSeconds': maximum: got 4, want 3/],
  ['a port out of range', { metrics: { port: 70000 } }, /'\/metrics\/port': maximum: got 70,?000, want 65,?535/],
  ['a map for a list', { imagePullSecrets: { name: 'pull' } }, /'\/imagePullSecrets': got object, want array/],
  ['names instead of objects', { imagePullSecrets: ['pull'] }, /'\/imagePullSecrets\/0': got string, want object/],
  ['a number as annotation', { podAnnotations: { a: 1 } }, /'\/podAnnotations\/a': got number, want string/],
  ['limit for limits', { resources: { limit: {} } }, /'\/resources': additional properties 'limit' not allowed/],
  [
    'a condition that is no text',
    { webhook: { matchConditions: [{ name: 'all', expression: true }] } },
    /matchConditions\/0\/expression': got boolean, want string/,
  ],
  ['days for cert-manager', { certManager: { duration: '90d' } }, /'\/certManager\/duration': '90d' does not match/],
  [
    'a slip in a setting',
    { sidecar: { settings: { intervall: '5s' } } },
    /additional properties 'intervall' not allowed/,
  ],
  [
    'a duration without unit',
    { sidecar: { settings: { interval: 5 } } },
    /settings\/interval': got number, want string/,
  ],
  [
    'a wrong choice',
    { sidecar: { settings: { restart: 'inplace' } } },
    /settings\/restart': value must be one of 'auto', 'in-place', 'resubmit', 'observe'/,
  ],
  ['too many restarts', { sidecar: { settings: { 'max-restarts': 1001 } } }, /maximum: got 1,?001, want 1,?000/],
  [
    'a wrong mode',
    { fallback: { mode: 'kill' } },
    /'\/fallback\/mode': value must be one of 'off', 'report', 'auto', 'delete'/,
  ],
  [
    'a share in per cent',
    { controller: { breakerShare: 20 } },
    /'\/controller\/breakerShare': maximum: got 20, want 1/,
  ],
  ['off without quotes', { sidecar: { settings: { 'stall-deadline': false } } }, /got boolean, want string/],
  [
    'namespaces without a source of the caBundle',
    { rbac: { namespaces: ['etl'] } },
    /rbac\.namespaces is set, so that the webhook may not write its caBundle; also set certManager\.enabled/,
  ],
  [
    'namespaces with a Secret but without a caBundle',
    { rbac: { namespaces: ['etl'] }, webhook: { tls: { existingSecret: 'own' } } },
    /rbac\.namespaces is set/,
  ],
  [
    'a kubelet of no version',
    { rbac: { oldestKubelet: 'old' } },
    /'\/rbac\/oldestKubelet': 'old' does not match pattern/,
  ],
  ['a UI port out of range', { networkPolicy: { uiPorts: [0] } }, /'\/networkPolicy\/uiPorts\/0': minimum: got 0/],
  [
    'two sources of certificates',
    { certManager: { enabled: true }, webhook: { tls: { existingSecret: 'own' } } },
    /certManager\.enabled and webhook\.tls\.existingSecret are both set; set one of them/,
  ],
  [
    'a caBundle of nothing',
    { webhook: { tls: { caBundle: 'LS0t' } } },
    /webhook\.tls\.caBundle is set without webhook\.tls\.existingSecret/,
  ],
  [
    'a caBundle in base64',
    { webhook: { tls: { existingSecret: 'own', caBundle: 'LS0t' } } },
    /webhook\.tls\.caBundle must be certificates in PEM/,
  ],
  [
    'a key in the caBundle',
    {
      webhook: {
        tls: { existingSecret: 'own', caBundle: '-----BEGIN CERTIFICATE-----\n-----BEGIN RSA PRIVATE KEY-----' },
      },
    },
    /webhook\.tls\.caBundle holds a private key/,
  ],
  ['one port for two', { webhook: { port: 9164 } }, /webhook\.port and metrics\.port are both 9164; they must differ/],
  ['an unknown flag', { args: ['--kill'] }, /args: "--kill" is not supported.*--interval=SECONDS/s],
  ['a flag with a unit', { args: ['--interval', '45s'] }, /args: "--interval=45s" is not supported/],
  ['the predecessor’s image', { image: { repository: 'bringg/spark-nanny' } }, /is the image of the predecessor/],
]

describe('chart value checks', () => {
  for (const [what, values, message] of refusals) {
    test(`${what} → is rejected with a message that gives the correct form`, async () => {
      await assert.rejects(template({ values }, 'spark-nanny'), message)
    })
  }

  test('Kubernetes before 1.29 → is rejected', async () => {
    await assert.rejects(template({ values: {}, kubeVersion: '1.28.15' }, 'n'), /requires kubeVersion: >=1\.29\.0-0/)
  })

  test('use as a subchart → renders', async () => {
    assert.match(await template({ values: { enabled: true, global: { any: 1 } } }, 'n'), /kind: Deployment/)
  })
})
