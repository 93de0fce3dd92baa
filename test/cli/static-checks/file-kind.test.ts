import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runCli } from '../run-cli.ts'

const application = (spec: string, api = 'sparkoperator.k8s.io/v1beta2', kind = 'SparkApplication') =>
  `apiVersion: ${api}\nkind: ${kind}\nmetadata: {name: a}\nspec: {${spec}}\n`
const whole =
  'type: Scala, sparkVersion: 4.0.1, image: a:1, mainClass: A, mainApplicationFile: "local:///a.jar", driver: {serviceAccount: s}, executor: {}'
const submit =
  'spark-submit --master k8s://h --deploy-mode cluster --class A --conf spark.kubernetes.container.image=a:1 --conf spark.kubernetes.authenticate.driver.serviceAccountName=s'

/** The text of a file, the exit code of `validate`, and what is said. */
const cases: readonly (readonly [what: string, text: string, exitCode: number, says: RegExp])[] = [
  ['a healthy application', application(whole), 0, /No problems found/],
  ['a Python program', 'from airflow import DAG\nBash("spark-submit --conf a=b x.py")\n', 2, /is a Python program/],
  [
    'a script of PowerShell',
    '& "$env:SPARK_HOME\\bin\\spark-submit.cmd" `\n  --conf spark.executor.memory=4gg `\n  a.jar\n',
    2,
    /mentions spark-submit, but not in a command of a POSIX shell/,
  ],
  [
    'the values of a chart',
    'image: {tag: 3.5.3}\nsparkConf:\n  spark.executor.memory: 4g\n  spark.executor.cores: 1\n',
    2,
    /is YAML without a SparkApplication/,
  ],
  ['settings with colons', 'spark.executor.memory: 4g\nspark.executor.cores: 1\n', 0, /No problems found/],
  [
    'a Helm template',
    application(`${whole}, arguments: []`).replace('a:1', '"{{ .Values.image }}"'),
    2,
    /is a template: line 4 contains/,
  ],
  ['a template that is not YAML', application(whole).replace('{name: a}', '{{ toYaml . }}'), 2, /is a template/],
  ['a variable of envsubst', application(whole).replace('image: a:1', `image: "${'$'}{IMAGE}"`), 2, /is a template/],
  [
    'braces that Apache’s operator replaces',
    application(
      'mainClass: A, sparkConf: {spark.kubernetes.container.image: "a:{{SPARK_VERSION}}"}, runtimeVersions: {sparkVersion: 4.0.0}',
      'spark.apache.org/v1',
    ),
    0,
    /No problems found/,
  ],
  ['braces in arguments', application(`${whole}, arguments: ["{{ ds }}"]`), 0, /No problems found/],
  [
    'braces in another object',
    `${application(whole)}---\napiVersion: v1\nkind: ConfigMap\ndata: {a: "{{ b }}"}\n`,
    0,
    /No problems found/,
  ],
  [
    'an application of another vendor',
    application('', 'sparkoperator.hpe.com/v1beta2'),
    2,
    /belongs to another operator/,
  ],
  [
    'a misspelt group',
    application(whole, 'sparkoperators.k8s.io/v1beta2'),
    3,
    /it must be sparkoperator\.k8s\.io\/v1beta2/,
  ],
  [
    'a version that is no longer served',
    application('driver: {cores: 0.1}', 'sparkoperator.k8s.io/v1beta1'),
    3,
    /API-VERSION/,
  ],
  [
    'a SparkConnect with an unknown field',
    application(
      'sparkVersion: 4.0.0, server: {}, executor: {}, nope: 1',
      'sparkoperator.k8s.io/v1alpha1',
      'SparkConnect',
    ),
    3,
    /spec\.nope is not a field of SparkConnect/,
  ],
  [
    'a list as the API server returns it',
    JSON.stringify({
      apiVersion: 'sparkoperator.k8s.io/v1beta2',
      kind: 'SparkApplicationList',
      items: [
        {
          metadata: { name: 'a' },
          spec: {
            sparkVersion: '4.0.0',
            type: 'Scala',
            mainApplicationFile: 'local:///a.jar',
            mainClass: 'A',
            image: 'a:1',
            driver: { serviceAccount: 's' },
            executor: {},
          },
        },
      ],
    }),
    0,
    /No problems/,
  ],
  ['a script', `#!/bin/sh\nset -e\n${submit} local:///a.jar\n`, 0, /No problems found/],
  [
    'a script with sh -c',
    `docker run x sh -c "${submit} --executor-memory 4Gi local:///a.jar"`,
    3,
    /spark\.executor\.memory/,
  ],
  [
    'two commands',
    `${submit} --executor-memory 4Gi local:///a.jar\n${submit} --executor-memory 5Gi local:///a.jar`,
    3,
    /spark-submit 2: spark\.executor\.memory/,
  ],
  ['a command for YARN', 'spark-submit --master yarn --conf spark.yarn.queue=x a.jar', 0, /is not Kubernetes/],
  ['a misspelt option', `${submit} --executor-memroy 4g local:///a.jar`, 3, /did you mean --executor-memory\?/],
  [
    'Spark’s entrypoint',
    '#!/bin/bash\nCMD=(\n  "$SPARK_HOME/bin/spark-submit"\n  --deploy-mode client\n  "$@"\n)\nexec tini -s -- "§{CMD[@]}"\n',
    2,
    /is a script/,
  ],
  ['a Dockerfile', 'FROM apache/spark:4.0.1\nRUN echo spark.driver.memory 1g\n', 2, /is a Dockerfile/],
  [
    'values of Helm',
    'operator:\n  image: x\n  conf:\n    spark.operator.x: y\n  replicas: 1\n',
    2,
    /is YAML without a SparkApplication/,
  ],
  ['an empty file', '\n', 2, /is empty/],
]

describe('what a file is', () => {
  for (const [what, text, exitCode, says] of cases) {
    test(`${what} → exit code ${exitCode}, ${says}`, async () => {
      const ran = await runCli(['validate', '-f', 'file'], { file: text.replaceAll('§', '$') })
      assert.equal(ran.exitCode, exitCode, ran.stdout + ran.stderr)
      assert.match(ran.stdout + ran.stderr, says)
    })
  }
})
