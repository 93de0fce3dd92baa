import { InvalidArgumentError, Option } from 'commander'
import { parseSparkVersion } from '../spark-conf/spark-version.ts'

export function sparkVersionOption(): Option {
  return new Option(
    '--spark-version <VERSION>',
    'Spark version whose settings apply (default: from the application or its image)',
  ).argParser((text: string) => {
    const version = parseSparkVersion(text)
    if (version === undefined) throw new InvalidArgumentError('It must be a version such as 3.5.1.')
    return version
  })
}
