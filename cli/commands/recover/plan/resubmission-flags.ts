import { readEffectiveConf } from '../../../evidence/effective-conf.ts'
import { type Evidence, valueIn } from '../../../evidence/evidence.ts'
import { isInternalKey } from '../../../spark-conf/internal-keys.ts'

/**
 * The spark-submit that made the driver, as far as its ConfigMap and arguments tell, with `changed` on top. Secrets have
 * been taken out of what was collected: their places are to be filled in.
 */
export function resubmissionCommand(evidence: Evidence, changed: Readonly<Record<string, string>>): string {
  const pod = valueIn(evidence.pod)
  const conf = new Map([...readEffectiveConf(evidence), ...Object.entries(changed)])
  const { mainClass, rest } = programOf(pod?.driver.args ?? [])
  const flags = [...conf].filter(([key]) => !isInternalKey(key) && !leftOut.has(key))
  const words = [
    'spark-submit',
    `--master ${shell(conf.get('spark.master') ?? 'k8s://API_SERVER')}`,
    '--deploy-mode cluster',
    ...(evidence.subject.application === null ? [] : [`--name ${shell(evidence.subject.application)}`]),
    ...(mainClass === null ? [] : [`--class ${shell(mainClass)}`]),
    ...flags.map(([key, value]) => `--conf ${shell(`${key}=${value}`)}`),
    ...(rest.length === 0 ? ['APPLICATION …  # with the rest as before'] : rest.map(shell)),
  ]
  return words.join(' ')
}

/** Told by flags of their own, or new with each submission. */
const leftOut: ReadonlySet<string> = new Set([
  'spark.master',
  'spark.kubernetes.executor.podNamePrefix',
  'spark.repl.local.jars',
])

/** What stands behind the options in the arguments of the driver's container. */
function programOf(args: readonly string[]) {
  let mainClass: string | null = null
  const rest = [...args]
  if (rest[0] === 'driver') rest.shift()
  while (rest[0]?.startsWith('--')) {
    const [flag, value] = rest.splice(0, 2)
    if (flag === '--class') mainClass = value ?? null
  }
  return { mainClass, rest }
}

const shell = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)
