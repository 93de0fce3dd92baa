import { type Evidence, valueIn } from './evidence.ts'

/** The driver's known settings. Arguments override the ConfigMap, which overrides the SparkApplication. */
export function readEffectiveConf(evidence: Evidence): ReadonlyMap<string, string> {
  return new Map([
    ...Object.entries(valueIn(evidence.application)?.sparkConf ?? {}),
    ...(valueIn(evidence.conf) ?? []),
    ...confInArgs(valueIn(evidence.pod)?.driver.args ?? []),
  ])
}

/** Parses `--conf key=value` and `--driver-memory value`. */
function confInArgs(args: readonly string[]): ReadonlyMap<string, string> {
  const conf = new Map<string, string>()
  args.forEach((arg, index) => {
    const value = args[index + 1] ?? ''
    if (arg === '--driver-memory') conf.set('spark.driver.memory', value)
    const [, key, set] = (arg === '--conf' ? /^([^=]+)=(.*)$/s.exec(value) : null) ?? []
    if (key !== undefined && set !== undefined) conf.set(key, set)
  })
  return conf
}
