import type { KubernetesApi } from '../../kubernetes/api.ts'
import type { Authority } from '../pki/ca-bundle.ts'
import { type Clocks, clocksAgree, datedMs, differenceOf } from '../pki/clocks.ts'
import type { Issuer } from '../pki/issuer.ts'
import type { CertificateEdges } from '../source.ts'
import type { DialOutcome } from '../trust/handshake-probe.ts'
import { trackProblems } from '../trust/problems.ts'
import { type FoundSecret, readSecret, type SecretName } from '../trust/secret.ts'
import { clockedApi } from '../trust/server-clock.ts'
import { absenceOf, strangers, type Trust } from '../trust/trust.ts'
import { afterDials, afterRead, noProof } from '../trust/trust-evidence.ts'
import { testTrust } from '../trust/trust-probe.ts'
import { readTrust } from '../trust/webhook-configuration.ts'
import { nextStep, type RotationPlan, type RotationStep, type Situation } from './rotation.ts'
import { perform } from './rotation-effects.ts'
import { rotationReasons } from './rotation-reasons.ts'
import { createServed } from './serving-state.ts'

export interface SelfSignedOptions {
  readonly secretName: SecretName
  readonly configurationName: string
  readonly plan: RotationPlan
}

export interface SelfSignedEdges extends CertificateEdges {
  readonly api: KubernetesApi
  readonly issuer: Issuer
  /** Through the Service, as the API server does, trusting these authorities only. */
  dial(authoritiesPem: string): Promise<DialOutcome>
}

/** One replica's part: it reads, decides and writes, as each other replica does. There is no leader. */
export interface SelfSignedReplica {
  /** Goes on until there is nothing to do now; in how many milliseconds to look again. Never rejects for the API's sake. */
  round(): Promise<number>
  /** The Secret or the webhook configuration may have changed: the next round reads them. */
  changed(): void
  /** What was last read; null: nothing yet. */
  read(): { readonly secret: FoundSecret; readonly trust: Trust } | null
  /** How often it has written. */
  writes(): number
  unready(): readonly string[]
}

const quietMs = 5_000
const retryMs = 2_000
/** Whatever the watches say: a watch may be deaf, and our clock may have been set. */
const readAnywayMs = 3_600_000
const writesAtOnce = 8

export function createReplica(options: SelfSignedOptions, edges: SelfSignedEdges): SelfSignedReplica {
  const { secretName, configurationName, plan } = options
  const { issuer, metrics, log } = edges
  const { api, clocks } = clockedApi(edges.api, edges.nowMs)
  const served = createServed(plan.holdMs, edges)
  const problems = trackProblems(log, metrics.certificateSourceHealthy)
  const targets = { api, issuer, secretName, configurationName }

  let secret: FoundSecret | null = null
  let trust: Trust = { kind: 'absent' }
  let proof = noProof
  let stale = true
  let readAtMs = 0
  let waiting = ''
  let written = 0

  /** The webhook configuration first: what is then decided of the Secret is never older than what it is compared with. */
  const read = async (): Promise<boolean> => {
    stale = false
    const foundTrust = await readTrust(api, configurationName)
    if (foundTrust.kind === 'read') {
      trust = foundTrust.value
      proof = afterRead(proof, trust, edges.elapsedMs())
      problems.set('configuration-absent', trust.kind === 'found' ? null : absenceOf(configurationName))
    }
    const foundSecret = await readSecret(api, secretName, secret?.marks ?? null)
    if (foundSecret.kind === 'read') {
      secret = foundSecret.value
      adopt(secret)
    }
    const failed = [foundTrust, foundSecret].flatMap((outcome) => (outcome.kind === 'failed' ? [outcome.detail] : []))
    problems.set('read-failed', failed.length === 0 ? null : failed.join('; '))
    // What changed while we read has been told of by now: that stays to be read.
    stale ||= failed.length > 0
    readAtMs = edges.elapsedMs()
    return failed.length === 0
  }

  const adopt = ({ found }: FoundSecret) =>
    served.adopt(found, { trust, proof, clocks: clocks(), elapsedMs: edges.elapsedMs() })

  const situation = (found: FoundSecret['found'], now: Clocks): Situation => ({
    found,
    trust,
    serving: served.current(),
    proof,
    clocks: now,
    elapsedMs: edges.elapsedMs(),
    plan,
  })

  const write = async (step: WritingStep, known: FoundSecret): Promise<boolean> => {
    const outcome = await perform(step, targets, { secret: known, trust, plan, fromMs: datedMs(clocks()) })
    const line = { event: step.kind, reason: step.reason, message: rotationReasons[step.reason] }
    if (outcome.kind === 'written') {
      written += 1
      for (const kind of issuedBy(step)) metrics.certificateRenewed(kind)
      log.info(line)
    } else if (outcome.kind === 'conflict') {
      log.debug({ ...line, event: 'certificate-write-conflict', step: step.kind })
    }
    problems.set('write-failed', outcome.kind === 'failed' ? `${step.kind}: ${outcome.detail}` : null)
    stale = true
    return outcome.kind !== 'failed'
  }

  const test = async (newest: Authority): Promise<void> => {
    const tested = await testTrust(trust, newest, edges.dial)
    proof = afterDials(proof, newest, tested, edges.elapsedMs())
    problems.set('dial-failed', tested.detail)
  }

  const rest = async (step: RotationStep, { found }: FoundSecret): Promise<number> => {
    // What failed was done all the same, its answer lost, or by another.
    problems.set('write-failed', null)
    if (found.kind !== 'bundle') return quietMs
    const { authorities } = found.bundle
    const changing = authorities.length > 1 || strangers(trust, authorities).length > 0
    if (step.reason !== waiting && changing) {
      log.info({ event: 'ca-rotation-waits', reason: step.reason, message: rotationReasons[step.reason] })
    }
    waiting = changing ? step.reason : ''
    if (!changing) {
      problems.set('dial-failed', null)
      // What was not adopted because it was not trusted long enough.
      const pending =
        found.bundle.leaf.kind === 'usable' && found.bundle.leaf.fingerprint !== served.current()?.leaf.fingerprint
      return pending ? watchfulMs(plan.holdMs) : quietMs
    }
    if (trust.kind === 'found') await test(authorities[0])
    return watchfulMs(plan.holdMs)
  }

  const round = async (): Promise<number> => {
    let fresh = false
    if (stale || edges.elapsedMs() - readAtMs > readAnywayMs) {
      fresh = await read()
      if (!fresh) return retryMs
    }
    for (let writes = 0; writes < writesAtOnce; writes += 1) {
      if (secret === null) return retryMs
      adopt(secret)
      const now = clocks()
      tellTime(now)
      const { found } = secret
      problems.set('secret-corrupted', found.kind === 'corrupted' ? found.detail : null)
      const step = nextStep(situation(found, now))
      if (step.kind === 'keep') return rest(step, secret)
      // What is written was decided by what was read just now.
      if (fresh && !(await write(step, secret))) return retryMs
      fresh = await read()
      if (!fresh) return retryMs
    }
    problems.set('write-failed', 'what was written was changed again by somebody else, several times')
    return retryMs
  }

  const tellTime = (now: Clocks) => {
    problems.set('clocks-disagree', clocksAgree(now) ? null : differenceOf(now))
    const expired = served.trouble(datedMs(now)).includes('certificate-expired')
    problems.set('certificate-expired', expired ? 'the serving certificate has expired' : null)
  }

  return {
    round,
    changed: () => {
      stale = true
    },
    writes: () => written,
    read: () => (secret === null ? null : { secret, trust }),
    unready: () => served.trouble(datedMs(clocks())),
  }
}

type WritingStep = Exclude<RotationStep, { readonly kind: 'keep' }>

function issuedBy(step: WritingStep): readonly ('leaf' | 'ca')[] {
  switch (step.kind) {
    case 'create':
      return step.carried === null ? ['ca', 'leaf'] : ['ca']
    case 'begin-ca-rotation':
      return ['ca']
    case 'renew-leaf':
    case 'switch-leaf':
      return ['leaf']
    case 'publish-bundle':
    case 'retire-ca':
      return []
  }
}

/** Often enough to see a hold time from its beginning, and not more. */
const watchfulMs = (holdMs: number) => Math.min(3_000, Math.max(50, holdMs / 20))
