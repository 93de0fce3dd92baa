import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseJson, textField, toRecord } from '../../core/json.ts'
import { runCli } from '../cli/run-cli.ts'
import type { Answer } from './score.ts'

const folder = join(import.meta.dirname, '../data/field/manifests')

/** What is expected of a command line. */
interface ManifestCase {
  readonly kind: string
  /** The words after `spark-nanny`. */
  readonly args: readonly string[]
  readonly exitCodes: readonly number[]
  /** What the output must match, and what it must not. */
  readonly says: RegExp | null
  readonly saysNot: RegExp | null
}

/** What `case.json` expects in prose, as exit codes and texts. A case that is not here is expected to find no problem. */
const expectations: Readonly<
  Record<string, { readonly exit?: readonly number[]; readonly says?: RegExp; readonly not?: RegExp }>
> = {
  'apache-ready-timeout': { not: /startupProbe:|readinessProbe:/ },
  'app-args-conf-app-id': { says: /spark\.app\.id=spark-0123456789abcdef0123456789abcdef/ },
  'apache-spark-master': { not: /spark\.master/ },
  'client-toolbox': {
    says: /not provably a cluster-mode driver[\s\S]*report only|reported only|only reported/,
    not: /startupProbe/,
  },
  'conf-client-mode': { says: /creates no driver pod/, not: /DRIVER-ADDRESS/ },
  'conf-comment-with-conf': { not: /holds no setting/ },
  'debugger-breakpoint': { says: /a debugger can be attached/ },
  'explain-onfailure-pod': { not: /the pod fails/ },
  'explain-own-liveness': { says: /a hung driver is only reported/, not: /fail the pod/ },
  'guaranteed-that-fills-a-node': { says: /cpu: 50m/ },
  'headless-service-of-another-name': { not: /is not the headless Service of a Spark driver/ },
  'imgtag-error-in-validate': { not: /before Spark 3\.4/ },
  'job-backofflimit': { says: /a restart of the sidecar would count/ },
  'kernel-without-context': { says: /notebook kernel/, not: /startupProbe/ },
  'library-ui-disabled': { says: /UI is switched off/, not: /startupProbe|readinessProbe/ },
  'operator-localdir-ephemeral': { exit: [3], says: /emptyDir, hostPath, nfs, persistentVolumeClaim/ },
  'operator-nodeselector-both': { exit: [3], says: /nodeSelector/ },
  'operator-template-spark2': { exit: [3], says: /requires Spark 3\.0\.0 or newer/ },
  'pod-label-invalid': { exit: [3], says: /team.*data team!/ },
  'pod-level-resources': { says: /is limited to/ },
  'pod-memorylimit-below-request': { exit: [3], says: /2Gi.*is below the request of 4505Mi/ },
  'pod-mountpath-twice': { exit: [3], says: /mountPath.*\/opt\/spark\/conf.*must be unique/ },
  'restart-onfailure-without-retries': { says: /OnFailure does not retry/ },
  'scheduled-paths-restart': {
    exit: [3],
    says: /app\.yaml:17 {2}spec\.template\.restartPolicy/,
    not: /spec\.restartPolicy/,
  },
  'schema-driver-serviceaccount-case': {
    exit: [3],
    says: /spec\.driver\.serviceaccount.*did you mean serviceAccount\?/,
  },
  'schema-envvars-int': { exit: [3], says: /spec\.driver\.envVars\.PORT .*must be a string/ },
  'schema-executor-unknown-field': { exit: [3], says: /spec\.executor\.replicas.*did you mean instances\?/ },
  'schema-imagepullsecrets-objects': {
    exit: [3],
    says: /spec\.imagePullSecrets\[0\].*must be a string[\s\S]*to regcred/,
  },
  'schema-monitoring-missing-required': { exit: [3], says: /spec\.monitoring\.exposeExecutorMetrics is not set/ },
  'schema-packages-string': { exit: [3], says: /spec\.deps\.packages.*must be a list/ },
  'schema-pythonversion-39': { exit: [3], says: /spec\.pythonVersion.*must be one of 2, 3/ },
  'schema-restartpolicy-scalar': { exit: [3], says: /spec\.restartPolicy.*must be an object[\s\S]*\{type: Never\}/ },
  'schema-ttl-duration': { exit: [3], says: /spec\.timeToLiveSeconds.*must be a whole number/ },
  'spark-gpu-without-vendor': { exit: [3], says: /vendor/ },
  'spark-ivy-home': { says: /spark\.jars\.ivy/ },
  'spark-kryo-2048m': { exit: [3], says: /less than 2048m/ },
  'spark-mainclass-remote-jar': { exit: [3], says: /spec\.mainClass is not set/ },
  'stackable-sparkapplication': { exit: [2], says: /spark\.stackable\.tech.*another operator/ },
  'stale-hung-file': { not: /the pod fails/ },
  'submit-conf-after-jar': { says: /spark\.executor\.memory=8g is passed to the application/ },
  'submit-in-a-script': { exit: [3], says: /run\.sh:7 {2}spark\.executor\.memory=4Gi/ },
  'submit-properties-file': { exit: [0, 5], says: /\/etc\/jobs\/job\.conf/, not: /no image/ },
  'template-unrendered': { exit: [2], says: /is a template.*render it first/ },
  'work-after-stop': { says: /identity: a cluster-mode driver/ },
  'yaml-duplicate-key': { says: /occurs in line 17 and again in line 18/ },
  'yunikorn-placeholder': { says: /cpu: 0m/ },
}

async function readCase(name: string): Promise<ManifestCase> {
  const value = parseJson(await readFile(join(folder, name, 'case.json'), 'utf8'))
  const command = textField(toRecord(value).got, 'command') ?? ''
  const { exit = [0], says = null, not = null } = expectations[name] ?? {}
  return {
    kind: (textField(value, 'kind') ?? '').replace(/ .*$/, ''),
    args: command.split(' ').slice(1),
    exitCodes: exit,
    says,
    saysNot: not,
  }
}

/** Runs the command of one case on its files, and compares the exit code and the text with what is expected. */
async function answerManifestCase(name: string): Promise<Answer> {
  const { kind, args, exitCodes, says, saysNot } = await readCase(name)
  const names = await readdir(join(folder, name))
  const files = await Promise.all(
    names.map(async (file) => [file, await readFile(join(folder, name, file), 'utf8')] as const),
  )
  const { exitCode, stdout, stderr } = await runCli(args, Object.fromEntries(files))
  const output = `${stdout}${stderr}`
  const isSaid = (says === null || says.test(output)) && (saysNot === null || !saysNot.test(output))
  return {
    name,
    kind,
    isRight: exitCodes.includes(exitCode) && isSaid,
    isHealthy: exitCodes.includes(0),
    expected: `exit code ${exitCodes.join(' or ')}${says === null ? '' : `, ${says}`}${saysNot === null ? '' : `, not ${saysNot}`}`,
    got: `exit code ${exitCode}: ${output
      .split('\n')
      .filter((line) => /^([×‼i] |error)/.test(line))
      .join('; ')}`,
  }
}

/** Checks all manifests and configurations of the field, in the order of their names. */
export async function answerManifestCases(): Promise<readonly Answer[]> {
  const answers: Answer[] = []
  for (const name of (await readdir(folder)).sort()) answers.push(await answerManifestCase(name))
  return answers
}
