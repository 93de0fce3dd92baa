import { toRecord } from '../../core/json.ts'
import { createReflector, type Reflector } from '../../kubernetes/reflector.ts'
import type { CertificateSource } from '../source.ts'
import { createRedactingLog } from '../trust/redaction.ts'
import { formatSecretsPath } from '../trust/secret.ts'
import { configurationsPath } from '../trust/webhook-configuration.ts'
import { createWriteContentionBackoff } from '../trust/write-contention-backoff.ts'
import { createReplica, type SelfSignedDeps, type SelfSignedOptions } from './self-signed-replica.ts'

/**
 * A certificate authority of our own in a Secret that all replicas share, and its caBundle in the webhook configuration.
 * Both objects are watched, each by its name, so that the rights to them can be by name too.
 */
export function createSelfSignedSource(options: SelfSignedOptions, edges: SelfSignedDeps): CertificateSource {
  const log = createRedactingLog(edges.log)
  const replica = createReplica(options, { ...edges, log })
  let wake = () => {}
  const changed = () => {
    replica.markChanged()
    wake()
  }
  const watched = (path: string, name: string) =>
    createReflector<string>(
      { path, fieldSelector: `metadata.name=${name}`, project: versionOf, onChange: changed },
      { ...edges, log },
    )
  const secrets = watched(formatSecretsPath(options.secretName), options.secretName.name)
  const configurations = watched(configurationsPath, options.configurationName)

  /** The watch tells of what came or changed; what is gone shows here. */
  const noticeDeletion = () => {
    const known = replica.getLastRead()
    if (known === null) return
    const gone = isGone(secrets) && known.secret.resourceVersion !== null
    if (gone || (isGone(configurations) && known.trust.kind === 'found')) replica.markChanged()
  }

  const disputeRestMs = createWriteContentionBackoff(edges.elapsedMs)
  const run = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const waking = new AbortController()
      wake = () => waking.abort()
      noticeDeletion()
      const writesBefore = replica.countWrites()
      const restMs = await replica.runRound()
      await edges.sleep(disputeRestMs(replica.countWrites() !== writesBefore), signal)
      // Replicas that began together need not meet again.
      await edges.sleep(restMs * (0.75 + edges.random() / 2), AbortSignal.any([signal, waking.signal]))
    }
  }
  return {
    prepare: async () => {},
    loops: { certificates: run, 'certificate-secret': secrets.run, 'webhook-configuration': configurations.run },
    unready: replica.unready,
  }
}

const versionOf = (object: unknown) => String(toRecord(toRecord(object).metadata).resourceVersion ?? '')

const isGone = (reflector: Reflector<string>) => reflector.synced() && reflector.objects.size === 0
