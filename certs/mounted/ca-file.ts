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

/** A file of authorities, PEM, that the webhooks of a configuration are to trust. */
export interface CaFile {
  readonly path: string
  readonly configurationName: string
  readonly api: KubernetesApi
}

export interface CaFilePublisher {
  readonly loops: Readonly<Record<string, (signal: AbortSignal) => Promise<void>>>
  /** `ca-bundle` until the configuration first held what the file holds. */
  unready(): readonly string[]
}

interface CaFileDeps extends Omit<CertificateDeps, 'serve'> {
  readFile(path: string): Promise<string>
}

const lookMs = 5_000
/** Another replica's files may be older, or newer, until the kubelet has brought the same to both. */
export const settleMs = 5 * 60_000

/** Keeps the caBundle of all webhooks as the file says; an authority that left the file leaves the caBundle later. */
export function createCaFilePublisher(
  { path, configurationName, api }: CaFile,
  problems: Problems,
  edges: CaFileDeps,
): CaFilePublisher {
  let trustedOnce = false
  let wanted: readonly Authority[] = []
  let others: readonly Authority[] = []
  /** The file, and what else stands in the caBundle. */
  let unchangedSinceMs = edges.elapsedMs()
  let wake = () => {}

  const readFile = async (): Promise<void> => {
    const text = await edges.readFile(path).catch(() => '')
    const { authorities, garbage } = parseAuthorities(text)
    const usable = authorities.length > 0 && !garbage
    problems.set(
      'ca-file-unusable',
      usable ? null : `${path} cannot be read, or holds something else than certificates of authorities`,
    )
    if (!usable) return
    if (!areSameAuthorities(authorities, wanted)) unchangedSinceMs = edges.elapsedMs()
    wanted = authorities
    edges.metrics.authorityExpiry(Math.min(...authorities.map(({ expiresMs }) => expiresMs)))
  }

  /** Whether it wrote. */
  const publish = async (trust: Trust): Promise<boolean> => {
    problems.set('configuration-absent', trust.kind === 'found' ? null : describeAbsence(configurationName))
    if (trust.kind === 'absent' || wanted.length === 0) return false
    trustedOnce ||= wanted.every(({ fingerprint }) => isTrustedByAll(trust, fingerprint))
    const found = findForeignAuthorities(trust, wanted)
    if (!areSameAuthorities(found, others)) unchangedSinceMs = edges.elapsedMs()
    others = found
    const settled = edges.elapsedMs() - unchangedSinceMs >= settleMs
    const caBundles = computeCaBundlesToWrite(trust, wanted, settled, { ownMs: edges.nowMs(), serverMs: null })
    if (caBundles.length === 0) {
      problems.set('write-failed', null)
      return false
    }
    const outcome = await writeCaBundles(api, configurationName, caBundles, trust.resourceVersion)
    problems.set('write-failed', outcome.kind === 'failed' ? outcome.detail : null)
    if (outcome.kind !== 'written') return false
    // One that comes again begins anew: a replica with other files must not be undone at once each time.
    if (settled) others = []
    edges.log.info({ event: 'ca-bundle-published', webhooks: caBundles.length })
    return true
  }

  const configurations = createReflector<Trust>(
    {
      path: configurationsPath,
      fieldSelector: `metadata.name=${configurationName}`,
      project: parseTrust,
      onChange: () => wake(),
    },
    { ...edges, api },
  )

  const disputeRestMs = createWriteContentionBackoff(edges.elapsedMs)
  const run = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const waking = new AbortController()
      wake = () => waking.abort()
      await readFile()
      const [trust] = [...configurations.objects.all()]
      const wrote = configurations.synced() && (await publish(trust ?? { kind: 'absent' }))
      await edges.sleep(disputeRestMs(wrote), signal)
      await edges.sleep(lookMs, AbortSignal.any([signal, waking.signal]))
    }
  }
  return {
    loops: { 'ca-bundle': run, 'webhook-configuration': configurations.run },
    unready: () => (trustedOnce ? [] : ['ca-bundle']),
  }
}

const areSameAuthorities = (some: readonly Authority[], others: readonly Authority[]) =>
  some.length === others.length && some.every(({ fingerprint }, index) => others[index]?.fingerprint === fingerprint)
