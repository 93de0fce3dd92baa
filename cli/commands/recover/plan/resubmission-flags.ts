import { command, joinCommands, joinWords, type ShellCommand } from '../../../../core/shell-command.ts'
import { readEffectiveConf } from '../../../evidence/effective-conf.ts'
import { type Evidence, valueIn } from '../../../evidence/evidence.ts'
import { isInternalKey } from '../../../spark-conf/internal-keys.ts'

/**
 * The spark-submit command that created the driver, according to its ConfigMap and arguments, with the settings in
 * `changed`. Secrets are redacted; the user has to fill them in.
 */
export function resubmissionCommand(evidence: Evidence, changed: Readonly<Record<string, string>>): ShellCommand {
  const pod = valueIn(evidence.pod)
  const conf = new Map([...readEffectiveConf(evidence), ...Object.entries(changed)])
  const { mainClass, rest } = parseProgram(pod?.driver.args ?? [])
  const flags = [...conf].filter(([key]) => !isInternalKey(key) && !omitted.has(key))
  return joinCommands([
    command`spark-submit`,
    command`--master ${conf.get('spark.master') ?? 'k8s://API_SERVER'}`,
    command`--deploy-mode cluster`,
    ...(evidence.subject.application === null ? [] : [command`--name ${evidence.subject.application}`]),
    ...(mainClass === null ? [] : [command`--class ${mainClass}`]),
    ...flags.map(([key, value]) => command`--conf ${`${key}=${value}`}`),
    rest.length === 0 ? command`APPLICATION …  # and its arguments as before` : joinWords(rest),
  ])
}

/** Settings that have their own flag or that each submission generates. */
const omitted: ReadonlySet<string> = new Set([
  'spark.master',
  'spark.kubernetes.executor.podNamePrefix',
  'spark.repl.local.jars',
])

/** The main class, and the arguments after the options, from the arguments of the driver's container. */
function parseProgram(args: readonly string[]) {
  let mainClass: string | null = null
  const rest = [...args]
  if (rest[0] === 'driver') rest.shift()
  while (rest[0]?.startsWith('--')) {
    const [flag, value] = rest.splice(0, 2)
    if (flag === '--class') mainClass = value ?? null
  }
  return { mainClass, rest }
}
