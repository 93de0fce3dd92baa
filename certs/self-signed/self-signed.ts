import { toRecord } from '../../core/json.ts'
import { createReflector, type Reflector } from '../../kubernetes/reflector.ts'
import type { CertificateSource } from '../source.ts'
import { createRedactingLog } from '../trust/redaction.ts'
import { formatSecretsPath } from '../trust/secret.ts'
import { configurationsPath } from '../trust/webhook-configuration.ts'
import { createWriteContentionBackoff } from '../trust/write-contention-backoff.ts'
import { createReplica, type SelfSignedDeps, type SelfSignedOptions } from './self-signed-replica.ts'

/**
 * A certificate authority of spark-nanny's own in a Secret that all replicas share, and its caBundle in the webhook
 * configuration. Each object is watched by its name, so that the RBAC rules can be limited to these names.
 */
export function createSelfSignedSource(options: SelfSignedOptions, deps: SelfSignedDeps): CertificateSource {
  const log = createRedactingLog(deps.log)
  const replica = createReplica(options, { ...deps, log })
  let wake = () => {}
  const changed = () => {
    replica.markChanged()
    wake()
  }
  const createNamedReflector = (path: string, name: string) =>
    createReflector<string>(
      { path, fieldSelector: `metadata.name=${name}`, project: readVersion, onChange: changed },
      { ...deps, log },
    )
  const secrets = createNamedReflector(formatSecretsPath(options.secretName), options.secretName.name)
  const configurations = createNamedReflector(configurationsPath, options.configurationName)

  /** The watch reports objects that appear or change. This check notices that an object was deleted. */
  const noticeDeletion = () => {
    const known = replica.getLastRead()
    if (known === null) return
    const secretDeleted = isDeleted(secrets) && known.secret.resourceVersion !== null
    if (secretDeleted || (isDeleted(configurations) && known.trust.kind === 'found')) replica.markChanged()
  }

  const computeRestMs = createWriteContentionBackoff(deps.elapsedMs)
  const run = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const waking = new AbortController()
      wake = () => waking.abort()
      noticeDeletion()
      const writesBefore = replica.countWrites()
      const restMs = await replica.runRound()
      await deps.sleep(computeRestMs(replica.countWrites() !== writesBefore), signal)
      // Jitter, so that replicas that started together do not always write at the same time.
      await deps.sleep(restMs * (0.75 + deps.random() / 2), AbortSignal.any([signal, waking.signal]))
    }
  }
  return {
    prepare: async () => {},
    loops: { certificates: run, 'certificate-secret': secrets.run, 'webhook-configuration': configurations.run },
    unready: replica.unready,
  }
}

const readVersion = (object: unknown) => String(toRecord(toRecord(object).metadata).resourceVersion ?? '')

const isDeleted = (reflector: Reflector<string>) => reflector.synced() && reflector.objects.size === 0
