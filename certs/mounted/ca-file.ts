import type { KubernetesApi } from '../../kubernetes/api.ts'
import { createReflector } from '../../kubernetes/reflector.ts'
import { type Authority, parseAuthorities } from '../pki/ca-bundle.ts'
import type { CertificateDeps } from '../source.ts'
import type { Problems } from '../trust/problems.ts'
import {
  computeCaBundlesToWrite,
  describeAbsence,
  findForeignAuthorities,
  isTrustedByAll,
  parseTrust,
  type Trust,
} from '../trust/trust.ts'
import { configurationsPath, writeCaBundles } from '../trust/webhook-configuration.ts'
import { createWriteContentionBackoff } from '../trust/write-contention-backoff.ts'

/** A PEM file of the authorities that the webhooks of a configuration must trust. */
export interface CaFile {
  readonly path: string
  readonly configurationName: string
  readonly api: KubernetesApi
}

export interface CaFilePublisher {
  readonly loops: Readonly<Record<string, (signal: AbortSignal) => Promise<void>>>
  /** `ca-bundle` until every webhook has once trusted the authorities of the file. */
  unready(): readonly string[]
}

interface CaFileDeps extends Omit<CertificateDeps, 'serve'> {
  readFile(path: string): Promise<string>
}

const pollMs = 5_000
/** Until the kubelet has updated the volumes of all replicas, another replica may have older or newer files. */
export const settleMs = 5 * 60_000

/**
 * Keeps the caBundle of all webhooks equal to the file. An authority that was removed from the file stays in the caBundle
 * for {@link settleMs}.
 */
export function createCaFilePublisher(
  { path, configurationName, api }: CaFile,
  problems: Problems,
  deps: CaFileDeps,
): CaFilePublisher {
  let trustedOnce = false
  let wanted: readonly Authority[] = []
  let others: readonly Authority[] = []
  /** Since when neither the file nor the other authorities in the caBundle have changed. */
  let unchangedSinceMs = deps.elapsedMs()
  let wake = () => {}

  const readFile = async (): Promise<void> => {
    const text = await deps.readFile(path).catch(() => '')
    const { authorities, garbage } = parseAuthorities(text)
    const usable = authorities.length > 0 && !garbage
    problems.set(
      'ca-file-unusable',
      usable ? null : `${path} cannot be read, or contains something other than CA certificates`,
    )
    if (!usable) return
    if (!areSameAuthorities(authorities, wanted)) unchangedSinceMs = deps.elapsedMs()
    wanted = authorities
    deps.metrics.setAuthorityExpiry(Math.min(...authorities.map(({ expiresMs }) => expiresMs)))
  }

  /** Returns whether it has written. */
  const publish = async (trust: Trust): Promise<boolean> => {
    problems.set('configuration-absent', trust.kind === 'found' ? null : describeAbsence(configurationName))
    if (trust.kind === 'absent' || wanted.length === 0) return false
    trustedOnce ||= wanted.every(({ fingerprint }) => isTrustedByAll(trust, fingerprint))
    const found = findForeignAuthorities(trust, wanted)
    if (!areSameAuthorities(found, others)) unchangedSinceMs = deps.elapsedMs()
    others = found
    const settled = deps.elapsedMs() - unchangedSinceMs >= settleMs
    const caBundles = computeCaBundlesToWrite(trust, wanted, settled, { processMs: deps.nowMs(), serverMs: null })
    if (caBundles.length === 0) {
      problems.set('write-failed', null)
      return false
    }
    const outcome = await writeCaBundles(api, configurationName, caBundles, trust.resourceVersion)
    problems.set('write-failed', outcome.kind === 'failed' ? outcome.detail : null)
    if (outcome.kind !== 'written') return false
    // If another replica with other files adds an authority again, the waiting time starts again.
    if (settled) others = []
    deps.log.info({ event: 'ca-bundle-published', webhooks: caBundles.length })
    return true
  }

  const configurations = createReflector<Trust>(
    {
      path: configurationsPath,
      fieldSelector: `metadata.name=${configurationName}`,
      project: parseTrust,
      onChange: () => wake(),
    },
    { ...deps, api },
  )

  const computeRestMs = createWriteContentionBackoff(deps.elapsedMs)
  const run = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const waking = new AbortController()
      wake = () => waking.abort()
      await readFile()
      const [trust] = [...configurations.objects.all()]
      const wrote = configurations.synced() && (await publish(trust ?? { kind: 'absent' }))
      await deps.sleep(computeRestMs(wrote), signal)
      await deps.sleep(pollMs, AbortSignal.any([signal, waking.signal]))
    }
  }
  return {
    loops: { 'ca-bundle': run, 'webhook-configuration': configurations.run },
    unready: () => (trustedOnce ? [] : ['ca-bundle']),
  }
}

const areSameAuthorities = (some: readonly Authority[], others: readonly Authority[]) =>
  some.length === others.length && some.every(({ fingerprint }, index) => others[index]?.fingerprint === fingerprint)
