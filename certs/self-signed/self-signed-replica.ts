import type { KubernetesApi } from '../../kubernetes/api.ts'
import type { Authority } from '../pki/ca-bundle.ts'
import { type Clocks, clocksAgree, computeReferenceMs, describeDifference } from '../pki/clocks.ts'
import type { Issuer } from '../pki/issuer.ts'
import type { CertificateDeps } from '../source.ts'
import type { HandshakeResult } from '../trust/handshake-probe.ts'
import { createProblemTracker, type Problems } from '../trust/problems.ts'
import { type FoundSecret, readSecret, type SecretName } from '../trust/secret.ts'
import { createClockedApi } from '../trust/server-clock.ts'
import { describeAbsence, findForeignAuthorities, type Trust } from '../trust/trust.ts'
import { noEvidence, recordProbes, recordRead, type TrustEvidence } from '../trust/trust-evidence.ts'
import { probeTrust } from '../trust/trust-probe.ts'
import { readTrust } from '../trust/webhook-configuration.ts'
import { decideNextStep, type RotationPlan, type RotationState, type RotationStep } from './rotation.ts'
import { performStep } from './rotation-effects.ts'
import { type RotationReason, rotationReasons } from './rotation-reasons.ts'
import { createServingState, type ServingState } from './serving-state.ts'

export interface SelfSignedOptions {
  readonly secretName: SecretName
  readonly configurationName: string
  readonly plan: RotationPlan
}

export interface SelfSignedDeps extends CertificateDeps {
  readonly api: KubernetesApi
  readonly issuer: Issuer
  /** Connects through the Service, as the API server does, and trusts only these authorities. */
  probeHandshake(authoritiesPem: string): Promise<HandshakeResult>
}

/** One replica of the webhook. Every replica reads, decides and writes in the same way; there is no leader. */
export interface SelfSignedReplica {
  /** Runs until there is nothing to do now. Resolves to the milliseconds until the next round. API errors do not reject. */
  runRound(): Promise<number>
  /** Call it when the Secret or the webhook configuration may have changed: the next round reads them. */
  markChanged(): void
  /** The objects that were last read; null if none was read yet. */
  getLastRead(): { readonly secret: FoundSecret; readonly trust: Trust } | null
  /** The number of writes so far. */
  countWrites(): number
  unready(): readonly string[]
}

const quietMs = 5_000
const retryMs = 2_000
/** Objects are read at least this often, because a watch may miss a change and the clock of this process may have been set. */
const maxReadAgeMs = 3_600_000
const maxWritesPerRound = 8

/** What one replica has, and what it knows of the shared objects. */
interface Replica {
  readonly options: SelfSignedOptions
  readonly deps: SelfSignedDeps
  readonly api: KubernetesApi
  readonly clocks: () => Clocks
  readonly serving: ServingState
  readonly problems: Problems
  secret: FoundSecret | null
  trust: Trust
  evidence: TrustEvidence
  /** Whether one of the objects may have changed since it was read. */
  isStale: boolean
  readAtMs: number
  /** Why a rotation waited last, which is logged once; empty if none waits. */
  waitingReason: RotationReason | ''
  writes: number
}

export function createReplica(options: SelfSignedOptions, deps: SelfSignedDeps): SelfSignedReplica {
  const { api, clocks } = createClockedApi(deps.api, deps.nowMs)
  const replica: Replica = {
    options,
    deps,
    api,
    clocks,
    serving: createServingState(options.plan.holdMs, deps),
    problems: createProblemTracker(deps.log, deps.metrics.setCertificateSourceHealthy),
    secret: null,
    trust: { kind: 'absent' },
    evidence: noEvidence,
    isStale: true,
    readAtMs: 0,
    waitingReason: '',
    writes: 0,
  }
  return {
    runRound: () => runRound(replica),
    markChanged: () => {
      replica.isStale = true
    },
    countWrites: () => replica.writes,
    getLastRead: () => (replica.secret === null ? null : { secret: replica.secret, trust: replica.trust }),
    unready: () => replica.serving.findUnreadyReasons(computeReferenceMs(clocks())),
  }
}

async function runRound(replica: Replica): Promise<number> {
  const isDue = replica.isStale || replica.deps.elapsedMs() - replica.readAtMs > maxReadAgeMs
  if (isDue && !(await readObjects(replica))) return retryMs
  let isFresh = isDue
  for (let writes = 0; writes < maxWritesPerRound; writes += 1) {
    const { secret } = replica
    if (secret === null) return retryMs
    const step = decideStep(replica, secret)
    if (step.kind === 'keep') return waitForNextRound(replica, step, secret)
    // A write must be decided by objects that were just read.
    if (isFresh && !(await writeStep(replica, step, secret))) return retryMs
    if (!(await readObjects(replica))) return retryMs
    isFresh = true
  }
  replica.problems.set('write-failed', 'another client has repeatedly changed what was written')
  return retryMs
}

/** Serves what the Secret has, reports problems with it, and decides what to do next. */
function decideStep(replica: Replica, secret: FoundSecret): RotationStep {
  adoptCertificate(replica, secret)
  const clocks = replica.clocks()
  reportClocks(replica, clocks)
  const { found } = secret
  replica.problems.set('secret-corrupted', found.kind === 'corrupted' ? found.detail : null)
  return decideNextStep(toRotationState(replica, found, clocks))
}

/**
 * Reads both objects, and returns whether both could be read. The webhook configuration is read first: a decision about
 * the Secret must not be based on a Secret that is older than the configuration.
 */
async function readObjects(replica: Replica): Promise<boolean> {
  const { api, deps, problems } = replica
  const { configurationName, secretName } = replica.options
  replica.isStale = false
  const trust = await readTrust(api, configurationName)
  if (trust.kind === 'read') {
    replica.trust = trust.value
    replica.evidence = recordRead(replica.evidence, trust.value, deps.elapsedMs())
    problems.set('configuration-absent', trust.value.kind === 'found' ? null : describeAbsence(configurationName))
  }
  const secret = await readSecret(api, secretName, replica.secret?.metadata ?? null)
  if (secret.kind === 'read') {
    replica.secret = secret.value
    adoptCertificate(replica, secret.value)
  }
  const failures = [trust, secret].flatMap((outcome) => (outcome.kind === 'failed' ? [outcome.detail] : []))
  problems.set('read-failed', failures.length === 0 ? null : failures.join('; '))
  // A watch may have reported a change during the reads: `isStale` then stays true.
  replica.isStale ||= failures.length > 0
  replica.readAtMs = deps.elapsedMs()
  return failures.length === 0
}

function adoptCertificate({ serving, trust, evidence, clocks, deps }: Replica, { found }: FoundSecret): void {
  serving.adopt(found, { trust, evidence, clocks: clocks(), elapsedMs: deps.elapsedMs() })
}

function toRotationState(replica: Replica, found: FoundSecret['found'], clocks: Clocks): RotationState {
  const { trust, serving, evidence, deps, options } = replica
  return {
    found,
    trust,
    serving: serving.current(),
    evidence,
    clocks,
    elapsedMs: deps.elapsedMs(),
    plan: options.plan,
  }
}

function reportClocks({ problems, serving }: Replica, clocks: Clocks): void {
  problems.set('clocks-disagree', clocksAgree(clocks) ? null : describeDifference(clocks))
  const isExpired = serving.findUnreadyReasons(computeReferenceMs(clocks)).includes('certificate-expired')
  problems.set('certificate-expired', isExpired ? 'the serving certificate has expired' : null)
}

/** Returns false if the write failed. A conflict with another client is not a failure. */
async function writeStep(replica: Replica, step: WritingStep, secret: FoundSecret): Promise<boolean> {
  const { api, deps, problems, trust } = replica
  const { secretName, configurationName, plan } = replica.options
  const targets = { api, issuer: deps.issuer, secretName, configurationName }
  const fromMs = computeReferenceMs(replica.clocks())
  const outcome = await performStep(step, targets, { secret, trust, plan, fromMs })
  const explanation = { reason: step.reason, message: rotationReasons[step.reason] }
  if (outcome.kind === 'written') {
    replica.writes += 1
    for (const kind of listIssued(step)) deps.metrics.countRenewal(kind)
    deps.log.info({ event: step.kind === 'publish-bundle' ? 'ca-bundle-published' : step.kind, ...explanation })
  } else if (outcome.kind === 'conflict') {
    deps.log.debug({ event: 'certificate-write-conflict', ...explanation, step: step.kind })
  }
  problems.set('write-failed', outcome.kind === 'failed' ? `${step.kind}: ${outcome.detail}` : null)
  replica.isStale = true
  return outcome.kind !== 'failed'
}

/** There is nothing to write now. Probes the trust during a rotation, and returns the time until the next round. */
async function waitForNextRound(replica: Replica, step: RotationStep, { found }: FoundSecret): Promise<number> {
  const { deps, problems, trust, serving, options } = replica
  // A write that failed has taken effect although its response was lost, or another replica has made it.
  problems.set('write-failed', null)
  if (found.kind !== 'usable') return quietMs
  const { authorities, leaf } = found.contents
  const isChanging = authorities.length > 1 || findForeignAuthorities(trust, authorities).length > 0
  if (!isChanging) {
    replica.waitingReason = ''
    problems.set('dial-failed', null)
    // A certificate that is not served yet, because it has not been trusted for long enough.
    const isPending = leaf.kind === 'usable' && leaf.fingerprint !== serving.current()?.leaf.fingerprint
    return isPending ? computeAttentiveMs(options.plan.holdMs) : quietMs
  }
  if (step.reason !== replica.waitingReason)
    deps.log.info({ event: 'ca-rotation-waiting', reason: step.reason, message: rotationReasons[step.reason] })
  replica.waitingReason = step.reason
  if (trust.kind === 'found') await probeNewest(replica, authorities[0])
  return computeAttentiveMs(options.plan.holdMs)
}

async function probeNewest(replica: Replica, newest: Authority): Promise<void> {
  const { deps, problems, trust } = replica
  const probed = await probeTrust(trust, newest, deps.probeHandshake)
  replica.evidence = recordProbes(replica.evidence, newest, probed, deps.elapsedMs())
  problems.set('dial-failed', probed.detail)
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

/** The time between rounds during a change: short enough to notice the beginning of a hold time. */
const computeAttentiveMs = (holdMs: number) => Math.min(3_000, Math.max(50, holdMs / 20))
