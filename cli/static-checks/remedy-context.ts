import { toRecord } from '../../core/json.ts'
import type { RemedyContext } from '../findings/remedies.ts'
import { createConfLookup } from '../spark-conf/effective-conf.ts'
import type { Input } from './input.ts'

/** For findings about a file, of which no application is known. */
export const unknownContext: RemedyContext = {
  values: {},
  operator: 'none',
  memory: { driverMemory: null, driverMemoryOverhead: null },
}

/** The facts about the application that the commands of remedies need. */
export function toRemedyContext(input: Input, namespace: string | undefined, pod: string | null = null): RemedyContext {
  const value = createConfLookup(input.conf)
  const metadata = input.kind === 'application' ? toRecord(input.object.metadata) : {}
  const known = {
    namespace:
      namespace ?? (typeof metadata.namespace === 'string' ? metadata.namespace : value('spark.kubernetes.namespace')),
    application: typeof metadata.name === 'string' ? metadata.name : value('spark.app.name'),
    pod: pod ?? value('spark.kubernetes.driver.pod.name'),
    serviceAccount: value('spark.kubernetes.authenticate.driver.serviceAccountName'),
  }
  return {
    values: Object.fromEntries(
      Object.entries(known).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
    operator: input.kind === 'application' ? input.operator : 'none',
    memory: {
      driverMemory: value('spark.driver.memory') ?? '1g',
      driverMemoryOverhead: value('spark.driver.memoryOverhead') ?? null,
    },
  }
}
