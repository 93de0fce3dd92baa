import type { KubernetesApi } from '../../kubernetes/api.ts'
import type { Authority } from '../pki/ca-bundle.ts'
import { type Clocks, clocksAgree, computeReferenceMs, describeDifference } from '../pki/clocks.ts'
import type { Issuer } from '../pki/issuer.ts'
import type { CertificateDeps } from '../source.ts'
import type { HandshakeResult } from '../trust/handshake-probe.ts'
import { createProblemTracker } from '../trust/problems.ts'
import { type FoundSecret, readSecret, type SecretName } from '../trust/secret.ts'
import { createClockedApi } from '../trust/server-clock.ts'
import { describeAbsence, findForeignAuthorities, type Trust } from '../trust/trust.ts'
import { noEvidence, recordProbes, recordRead } from '../trust/trust-evidence.ts'
import { probeTrust } from '../trust/trust-probe.ts'
import { readTrust } from '../trust/webhook-configuration.ts'
import { decideNextStep, type RotationPlan, type RotationState, type RotationStep } from './rotation.ts'
import { performStep } from './rotation-effects.ts'
import { rotationReasons } from './rotation-reasons.ts'
import { createServingState } from './serving-state.ts'

export interface SelfSignedOptions {
  readonly secretName: SecretName
  readonly configurationName: string
  readonly plan: RotationPlan
}

export interface SelfSignedDeps extends CertificateDeps {
  readonly api: KubernetesApi
  readonly issuer: Issuer
  /** Through the Service, as the API server does, trusting these authorities only. */
  probeHandshake(authoritiesPem: string): Promise<HandshakeResult>
}

/** One replica's part: it reads, decides and writes, as each other replica does. There is no leader. */
export interface SelfSignedReplica {
  /** Goes on until there is nothing to do now; in how many milliseconds to look again. Never rejects for the API's sake. */
  runRound(): Promise<number>
  /** The Secret or the webhook configuration may have changed: the next round reads them. */
  markChanged(): void
  /** What was last read; null: nothing yet. */
  getLastRead(): { readonly secret: FoundSecret; readonly trust: Trust } | null
  /** How often it has written. */
  countWrites(): number
  unready(): readonly string[]
}

const quietMs = 5_000
const retryMs = 2_000
/** Whatever the watches say: a watch may be deaf, and our clock may have been set. */
const readAnywayMs = 3_600_000
const writesAtOnce = 8

export function createReplica(options: SelfSignedOptions, edges: SelfSignedDeps): SelfSignedReplica {
  const { secretName, configurationName, plan } = options
  const { issuer, metrics, log } = edges
  const { api, clocks } = createClockedApi(edges.api, edges.nowMs)
  const served = createServingState(plan.holdMs, edges)
  const problems = createProblemTracker(log, metrics.certificateSourceHealthy)
  const targets = { api, issuer, secretName, configurationName }

  let secret: FoundSecret | null = null
  let trust: Trust = { kind: 'absent' }
  let evidence = noEvidence
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
      evidence = recordRead(evidence, trust, edges.elapsedMs())
      problems.set('configuration-absent', trust.kind === 'found' ? null : describeAbsence(configurationName))
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
    served.adopt(found, { trust, evidence, clocks: clocks(), elapsedMs: edges.elapsedMs() })

  const situation = (found: FoundSecret['found'], now: Clocks): RotationState => ({
    found,
    trust,
    serving: served.current(),
    evidence,
    clocks: now,
    elapsedMs: edges.elapsedMs(),
    plan,
  })

  const write = async (step: WritingStep, known: FoundSecret): Promise<boolean> => {
    const outcome = await performStep(step, targets, {
      secret: known,
      trust,
      plan,
      fromMs: computeReferenceMs(clocks()),
    })
    const line = {
      event: step.kind === 'publish-bundle' ? 'ca-bundle-published' : step.kind,
      reason: step.reason,
      message: rotationReasons[step.reason],
    }
    if (outcome.kind === 'written') {
      written += 1
      for (const kind of listIssued(step)) metrics.certificateRenewed(kind)
      log.info(line)
    } else if (outcome.kind === 'conflict') {
      log.debug({ ...line, event: 'certificate-write-conflict', step: step.kind })
    }
    problems.set('write-failed', outcome.kind === 'failed' ? `${step.kind}: ${outcome.detail}` : null)
    stale = true
    return outcome.kind !== 'failed'
  }

  const test = async (newest: Authority): Promise<void> => {
    const tested = await probeTrust(trust, newest, edges.probeHandshake)
    evidence = recordProbes(evidence, newest, tested, edges.elapsedMs())
    problems.set('dial-failed', tested.detail)
  }

  const rest = async (step: RotationStep, { found }: FoundSecret): Promise<number> => {
    // What failed was done all the same, its answer lost, or by another.
    problems.set('write-failed', null)
    if (found.kind !== 'usable') return quietMs
    const { authorities } = found.contents
    const changing = authorities.length > 1 || findForeignAuthorities(trust, authorities).length > 0
    if (step.reason !== waiting && changing) {
      log.info({ event: 'ca-rotation-waiting', reason: step.reason, message: rotationReasons[step.reason] })
    }
    waiting = changing ? step.reason : ''
    if (!changing) {
      problems.set('dial-failed', null)
      // What was not adopted because it was not trusted long enough.
      const pending =
        found.contents.leaf.kind === 'usable' && found.contents.leaf.fingerprint !== served.current()?.leaf.fingerprint
      return pending ? computeAttentiveMs(plan.holdMs) : quietMs
    }
    if (trust.kind === 'found') await test(authorities[0])
    return computeAttentiveMs(plan.holdMs)
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
      const step = decideNextStep(situation(found, now))
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
    problems.set('clocks-disagree', clocksAgree(now) ? null : describeDifference(now))
    const expired = served.findUnreadyReasons(computeReferenceMs(now)).includes('certificate-expired')
    problems.set('certificate-expired', expired ? 'the serving certificate has expired' : null)
  }

  return {
    runRound: round,
    markChanged: () => {
      stale = true
    },
    countWrites: () => written,
    getLastRead: () => (secret === null ? null : { secret, trust }),
    unready: () => served.findUnreadyReasons(computeReferenceMs(clocks())),
  }
}

type WritingStep = Exclude<RotationStep, { readonly kind: 'keep' }>

function listIssued(step: WritingStep): readonly ('leaf' | 'ca')[] {
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
const computeAttentiveMs = (holdMs: number) => Math.min(3_000, Math.max(50, holdMs / 20))
