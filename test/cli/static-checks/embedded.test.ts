import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runCli } from '../run-cli.ts'

const options = `--master k8s://https://h --deploy-mode cluster --class com.acme.Main --conf spark.kubernetes.container.image=a:1
--conf spark.kubernetes.authenticate.driver.serviceAccountName=spark`
const words = (value: string) =>
  [...options.split(/\s/), '--conf', `spark.executor.memory=${value}`, 'local:///opt/app/etl.jar'].map(
    (word) => `- ${JSON.stringify(word)}`,
  )
const indent = (lines: readonly string[], depth: number) => lines.map((line) => ' '.repeat(depth) + line).join('\n')
const script = (value: string, depth: number) =>
  indent(
    [
      'set -e',
      `/opt/spark/bin/spark-submit ${options.replaceAll('\n', ' \\\n')} \\`,
      `  --conf spark.executor.memory=${value} \\`,
      '  local:///opt/app/etl.jar "$(date +%F)"',
    ].flatMap((line) => line.split('\n')),
    depth,
  )
const application = (value: string, depth: number) =>
  indent(
    `apiVersion: sparkoperator.k8s.io/v1beta2
kind: SparkApplication
metadata: {generateName: etl-}
spec:
  type: Scala
  mode: cluster
  sparkVersion: 3.5.3
  image: a:1
  mainClass: com.acme.Main
  mainApplicationFile: local:///opt/app/etl.jar
  driver: {serviceAccount: spark}
  executor:
    memory: ${value}`.split('\n'),
    depth,
  )

/** Objects that submit an application, by the value of the executors' memory. */
const objects: Readonly<Record<string, (value: string) => string>> = {
  'a CronJob that runs spark-submit': (value) => `apiVersion: batch/v1
kind: CronJob
spec:
  jobTemplate:
    spec:
      template:
        spec:
          containers:
            - name: submit
              command: [/usr/bin/tini, --, /opt/spark/bin/spark-submit]
              args:
${indent(words(value), 16)}
`,
  'a Job that runs a shell': (value) => `apiVersion: batch/v1
kind: Job
spec:
  template:
    spec:
      containers:
        - command: [bash, -ec]
          args:
            - |
${script(value, 14)}
`,
  'a WorkflowTemplate with a container': (value) => `apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
spec:
  templates:
    - container:
        command: [sh, -c]
        args:
          - |
${script(value, 12)}
`,
  'a WorkflowTemplate with a script': (value) => `apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
spec:
  templates:
    - script:
        command: [bash]
        source: |
${script(value, 10)}
`,
  'a Tekton task': (value) => `apiVersion: tekton.dev/v1
kind: Task
spec:
  steps:
    - script: |
${script(value, 8)}
`,
  'a CronWorkflow that creates a SparkApplication': (value) => `apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
spec:
  workflowSpec:
    templates:
      - resource:
          action: create
          manifest: |
${application(value, 12)}
`,
}

const validate = async (text: string) => {
  const { stdout, exitCode, stderr } = await runCli(['validate', '-f', '-', '-o', 'json'], {}, text)
  return { exitCode, stderr, report: stdout === '' ? null : JSON.parse(stdout) }
}

describe('applications in other objects', () => {
  for (const [name, write] of Object.entries(objects)) {
    test(`${name} → it is checked, and the line is that of the file`, async () => {
      const good = await validate(write('4g'))
      assert.deepEqual([good.exitCode, good.report?.findings], [0, []], good.stderr)
      const text = write('4gg')
      const { exitCode, report } = await validate(text)
      assert.equal(exitCode, 3)
      const [{ evidence }] = report.findings
      assert.match(text.split('\n')[evidence[0].line - 1] ?? '', /4gg/)
    })
  }

  test('a value that Kubernetes or a workflow fills in → it is not judged', async () => {
    const cronJob = objects['a CronJob that runs spark-submit'] ?? String
    const workflow = objects['a WorkflowTemplate with a container'] ?? String
    for (const text of [cronJob('$(MEMORY)'), workflow('{{inputs.parameters.memory}}'), workflow('"$MEMORY"')]) {
      const { report, stderr } = await validate(text)
      assert.deepEqual(report?.findings, [], stderr)
    }
  })

  test('a SparkApplication with parts that a workflow fills in → named as a template', async () => {
    const text = (objects['a CronWorkflow that creates a SparkApplication'] ?? String)('"{{inputs.parameters.m}}"')
    const alone = await validate(text)
    assert.equal(alone.exitCode, 2)
    assert.match(alone.stderr, /a template: it contains \{\{inputs\.parameters\.m\}\}; render it first/)
    const { report } = await validate(`${text}---\n${application('4g', 0)}\n`)
    assert.deepEqual(report.findings, [])
    assert.match(report.unknown[0].why, /a template: it contains/)
  })

  test('an object that submits nothing → usage error', async () => {
    const { exitCode, stderr } = await validate(
      'apiVersion: batch/v1\nkind: Job\nspec: {template: {spec: {containers: [{command: [sleep, "1"]}]}}}\n',
    )
    assert.equal(exitCode, 2)
    assert.match(stderr, /contains Job of batch\/v1, but no SparkApplication/)
  })
})
