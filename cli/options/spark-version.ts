import { InvalidArgumentError, Option } from 'commander'
import { parseSparkVersion } from '../spark-conf/spark-version.ts'

export function sparkVersionOption(): Option {
  return new Option(
    '--spark-version <VERSION>',
    'the release whose settings hold; else the application’s, or its image’s',
  ).argParser((text: string) => {
    const version = parseSparkVersion(text)
    if (version === undefined) throw new InvalidArgumentError('It must be a version such as 3.5.1.')
    return version
  })
}
