import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runCli } from '../../run-cli.ts'
import { healthyApplication } from './healthy-cluster.ts'

/** Lines below `driver:` (or `spec:`), the findings (`!` marks an error), and a part of the text. */
const cases: readonly (readonly [
  place: 'driver' | 'spec' | 'executor',
  lines: string,
  found: readonly string[],
  text?: RegExp,
])[] = [
  ['driver', 'labels: {team: data}', []],
  ['driver', 'labels: {team: data-}', ['POD!'], /label team data- must be/],
  ['driver', 'labels: {"a/b/c": x}', ['POD!'], /is not a valid key/],
  ['driver', 'memoryLimit: 2g', []],
  ['driver', 'memoryLimit: 1g', ['POD!'], /1Gi is below the request of 1408Mi/],
  ['driver', 'tolerations: [{key: a, operator: Exists, effect: NoSchedule}]', []],
  ['driver', 'tolerations: [{key: a, operator: Exists, value: b}]', ['POD!'], /operator Exists and a value/],
  ['driver', 'tolerations: [{effect: Nope, operator: Exists}]', ['POD!'], /has the effect Nope/],
  [
    'driver',
    'tolerations: [{key: a, operator: Exists, tolerationSeconds: 5}]',
    ['POD!'],
    /requires the effect NoExecute/,
  ],
  ['driver', 'ports: [{name: much-too-long-name, containerPort: 80, protocol: TCP}]', []],
  ['driver', 'env: [{name: "A=B", value: c}]', ['POD!'], /without =/],
  ['driver', 'sidecars: [{name: Upper, image: a}]', ['POD!'], /container name Upper/],
  ['driver', 'sidecars: [{name: a, image: a}, {name: a, image: a}]', ['POD!'], /occurs twice/],
  ['driver', 'sidecars: [{name: a, image: a, resources: {requests: {memory: 2Gi}, limits: {memory: 1Gi}}}]', ['POD!']],
  ['driver', 'volumeMounts: [{name: absent, mountPath: /a}]', ['OPERATOR-RULE'], /the operator leaves it out/],
  ['driver', 'volumeMounts: [{name: spark-local-dir-1, mountPath: /a}]', ['OPERATOR-RULE!'], /the submission fails/],
  ['spec', 'volumes: [{name: v, emptyDir: {}}]\n  executor: {volumeMounts: [{name: v, mountPath: /a}]}', []],
  ['spec', 'nodeSelector: {a: b}', []],
  ['spec', 'sparkConf: {spark.kubernetes.container.image: "a:1"}', ['OPERATOR-RULE'], /since 2\.5\.2/],
  [
    'spec',
    'driverIngressOptions: [{servicePort: 1, servicePortName: a, ingressURLFormat: a}, {servicePort: 1, servicePortName: a, ingressURLFormat: b}]',
    ['OPERATOR-RULE!'],
    /as in an earlier item/,
  ],
  [
    'spec',
    'driverIngressOptions: [{servicePort: 1, servicePortName: a}]',
    ['OPERATOR-RULE!'],
    /ingressURLFormat is not set/,
  ],
  ['driver', 'image: <your-image>', ['IMAGE!'], /is not a valid image name/],
  ['driver', 'image: Registry.io:5000/a/b:1.0', []],
]

describe('pods and the rules of the operator', () => {
  for (const [place, lines, found, text = /./] of cases) {
    test(`${place}: ${lines} → ${found.join(', ') || 'no finding'}`, async () => {
      const indent = place === 'spec' ? '  ' : '    '
      const base = lines.includes('executor:')
        ? healthyApplication.replace(/ {2}executor:\n( {4}.*\n)*/, '')
        : healthyApplication
      const app = base.replace(`${place}:\n`, `${place}:\n${indent}${lines}\n`)
      const { stdout } = await runCli(['preflight', 'app', '--offline', '-o', 'json'], { app })
      const findings: readonly { id: string; severity: string; evidence: readonly { line: number | null }[] }[] =
        JSON.parse(stdout).findings
      const own = findings.filter(({ id }) => /SPN-PREFLIGHT|SCHEMA|UNQUOTED/.test(id))
      assert.deepEqual(
        own.map(
          ({ id, severity }) => `${id.replace(/SPN-(PREFLIGHT|VALIDATE)-/, '')}${severity === 'error' ? '!' : ''}`,
        ),
        found,
        stdout,
      )
      assert.match(stdout, text)
    })
  }
})
