import { toRecord } from '../../core/json.ts'
import { createReflector, type Reflector } from '../../kubernetes/reflector.ts'
import type { CertificateSource } from '../source.ts'
import { redactingLog } from '../trust/redaction.ts'
import { secretsPath } from '../trust/secret.ts'
import { configurationsPath } from '../trust/webhook-configuration.ts'
import { disputeRest } from '../trust/write-contention-backoff.ts'
import { createReplica, type SelfSignedEdges, type SelfSignedOptions } from './self-signed-replica.ts'

/**
 * A certificate authority of our own in a Secret that all replicas share, and its caBundle in the webhook configuration.
 * Both objects are watched, each by its name, so that the rights to them can be by name too.
 */
export function selfSignedSource(options: SelfSignedOptions, edges: SelfSignedEdges): CertificateSource {
  const log = redactingLog(edges.log)
  const replica = createReplica(options, { ...edges, log })
  let wake = () => {}
  const changed = () => {
    replica.changed()
    wake()
  }
  const watched = (path: string, name: string) =>
    createReflector<string>(
      { path, fieldSelector: `metadata.name=${name}`, project: versionOf, onChange: changed },
      { ...edges, log },
    )
  const secrets = watched(secretsPath(options.secretName), options.secretName.name)
  const configurations = watched(configurationsPath, options.configurationName)

  /** The watch tells of what came or changed; what is gone shows here. */
  const noticeDeletion = () => {
    const known = replica.read()
    if (known === null) return
    const gone = isGone(secrets) && known.secret.resourceVersion !== null
    if (gone || (isGone(configurations) && known.trust.kind === 'found')) replica.changed()
  }

  const disputeRestMs = disputeRest(edges.elapsedMs)
  const run = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const waking = new AbortController()
      wake = () => waking.abort()
      noticeDeletion()
      const writesBefore = replica.writes()
      const restMs = await replica.round()
      await edges.sleep(disputeRestMs(replica.writes() !== writesBefore), signal)
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
