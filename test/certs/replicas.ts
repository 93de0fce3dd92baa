import { setImmediate as turn } from 'node:timers/promises'
import { parseAuthorities } from '../../certs/pki/ca-bundle.ts'
import type { Issuer } from '../../certs/pki/issuer.ts'
import { parseSecretContents } from '../../certs/pki/secret-contents.ts'
import type { ApiRequest, ApiResponse } from '../../kubernetes/api.ts'
import {
  createConfiguration,
  createEmptySecret,
  createFakeCertificateApi,
  type FakeCertificateApi,
} from './fake-certificate-api.ts'
import {
  advance,
  createTestClock,
  createTestReplica,
  dayMs,
  type TestReplica,
  verification,
  verifies,
} from './replica.ts'

/** What may happen next. `who` is taken modulo the number of replicas. */
export type Disturbance =
  /** The pending request is answered. A resting replica starts a round, because of a watch event if `watched`. */
  | { readonly kind: 'go-on'; readonly who: number; readonly watched: boolean }
  /** The request is lost, before or after the server has done it. */
  | { readonly kind: 'lose'; readonly who: number; readonly done: boolean }
  /** All that the replica knew is gone, and it starts again; what it had sent comes to the server later, or never. */
  | { readonly kind: 'crash'; readonly who: number; readonly late: boolean }
  | { readonly kind: 'late-requests' }
  | { readonly kind: 'wait'; readonly ms: number }
  /** The authority comes to two thirds of its life. */
  | { readonly kind: 'age' }
  | { readonly kind: 'damage'; readonly how: 'delete' | 'empty' | 'cut' }

interface Sent {
  readonly request: ApiRequest
  readonly sentMs: number
  answer(answer: ApiResponse): void
}

interface Member {
  replica: TestReplica
  sent: Sent | null
  resting: boolean
}

export const holdMs = 60_000
const lost: ApiResponse = { kind: 'failed', detail: 'connection lost' }

/** Replicas at one API. Each stops at each of its requests until the next event of the simulation. */
export class ReplicaSet {
  readonly clock = createTestClock()
  readonly api: FakeCertificateApi = createFakeCertificateApi(() => this.clock.wallMs)
  readonly #issuer: Issuer
  readonly #members: Member[]
  #late: ApiRequest[] = []
  #dials = 0
  /** The version of both objects that each replica has seen in its watch. */
  readonly #heard: string[] = []

  constructor(count: number, issuer: Issuer) {
    this.#issuer = issuer
    this.api.put('secret', createEmptySecret())
    this.api.put('configuration', createConfiguration())
    this.#members = Array.from({ length: count }, () => this.#newcomer())
  }

  #version(): string {
    return [this.api.secret(), this.api.configuration()].map((object) => object?.metadata.resourceVersion).join()
  }

  #newcomer(): Member {
    const client = {
      ...this.api.client,
      request: (request: ApiRequest) =>
        new Promise<ApiResponse>((resolve) => {
          // Of a replica that has crashed nothing is heard any more.
          if (member.replica !== replica) return
          member.sent = { request, sentMs: this.clock.elapsedMs, answer: resolve }
        }),
    }
    const replica = createTestReplica({
      api: client,
      issuer: this.#issuer,
      clock: this.clock,
      holdMs,
      // Longer than an authority takes to come to two thirds of its life.
      leafValidityMs: 360 * dayMs,
      dial: async (pem) => verification(this.#answering(), pem),
    })
    const member: Member = { replica, sent: null, resting: true }
    return member
  }

  /** The Service gives each connection to the next of those that are ready. */
  #answering(): string | null {
    const ready = this.#ready()
    this.#dials += 1
    return ready[this.#dials % Math.max(1, ready.length)]?.serving() ?? null
  }

  #ready(): readonly TestReplica[] {
    return this.#members.map(({ replica }) => replica).filter((replica) => replica.unready().length === 0)
  }

  async happen(happening: Disturbance): Promise<void> {
    const member = 'who' in happening ? this.#members[happening.who % this.#members.length] : undefined
    if (member !== undefined && happening.kind === 'go-on') this.#goOn(member, happening.watched)
    else if (member !== undefined && happening.kind === 'lose') this.#lose(member, happening.done)
    else if (member !== undefined && happening.kind === 'crash') this.#crash(member, happening.late)
    else if (happening.kind === 'late-requests') this.#arriveLate()
    else if (happening.kind === 'wait') this.#wait(happening.ms)
    else if (happening.kind === 'age') this.#age()
    else if (happening.kind === 'damage') this.#damage(happening.how)
    await turn()
  }

  #goOn(member: Member, watched: boolean): void {
    const { sent } = member
    if (sent !== null) {
      member.sent = null
      sent.answer(this.api.answer(sent.request))
    } else if (member.resting) {
      member.resting = false
      if (watched) member.replica.markChanged()
      void member.replica.runRound().then(() => {
        member.resting = true
      })
    }
  }

  #lose(member: Member, done: boolean): void {
    const { sent } = member
    if (sent === null) return
    member.sent = null
    if (done) this.api.answer(sent.request)
    sent.answer(lost)
  }

  #crash(member: Member, late: boolean): void {
    if (late && member.sent !== null) this.#late.push(member.sent.request)
    const index = this.#members.indexOf(member)
    this.#members[index] = this.#newcomer()
    this.#heard[index] = ''
    member.sent = null
  }

  #arriveLate(): void {
    for (const request of this.#late) this.api.answer(request)
    this.#late = []
  }

  /** Requests have deadlines, shorter than the hold time. */
  #wait(ms: number): void {
    advance(this.clock, ms)
    for (const member of this.#members) {
      const { sent } = member
      if (sent === null || this.clock.elapsedMs - sent.sentMs < sent.request.deadlineMs) continue
      member.sent = null
      sent.answer(lost)
    }
  }

  /** At most once per authority, and not during a replacement, so that no authority expires meanwhile. */
  #age(): void {
    const found = parseSecretContents(this.api.secret()?.data)
    if (this.settled() !== null || found.kind !== 'usable') return
    const [{ startsMs }] = found.contents.authorities
    if (this.clock.wallMs - startsMs < 100 * dayMs) this.#wait(244 * dayMs)
  }

  #damage(how: 'delete' | 'empty' | 'cut'): void {
    const secret = this.api.secret()
    if (how === 'delete') this.api.remove('secret')
    else if (secret !== undefined && how === 'empty') this.api.put('secret', { ...secret, data: {} })
    else if (secret !== undefined) {
      const data = secret.data as Readonly<Record<string, string>> | undefined
      if (data?.['ca.key'] !== undefined)
        this.api.put('secret', { ...secret, data: { ...data, 'ca.key': data['ca.key'].slice(0, 100) } })
    }
  }

  /** What no client may ever meet: a replica that takes connections with a certificate that the caBundle does not verify. */
  unverified(): string | null {
    const caBundles = this.api.caBundles()
    for (const replica of this.#ready()) {
      const serving = replica.serving()
      if (serving === null) return 'a ready replica serves nothing'
      if (!caBundles.every((caBundle) => verifies(serving, caBundle))) return 'a ready replica is not verified'
    }
    return null
  }

  /** Null: all serve the same, by the one authority that the Secret and each caBundle hold. Else what is amiss. */
  settled(): string | null {
    const found = parseSecretContents(this.api.secret()?.data)
    if (found.kind !== 'usable') return `the Secret is ${found.kind}`
    const { authorities, leaf } = found.contents
    if (authorities.length !== 1) return `${authorities.length} authorities in the Secret`
    if (leaf.kind === 'unusable') return leaf.detail
    for (const caBundle of this.api.caBundles()) {
      const trusted = parseAuthorities(caBundle).authorities.map(({ fingerprint }) => fingerprint)
      if (trusted.join() !== authorities[0].fingerprint) return `${trusted.length} authorities in a caBundle`
    }
    if (!this.#members.every(({ replica }) => replica.serving() === leaf.certificatePem)) return 'leaves differ'
    return this.#ready().length === this.#members.length ? null : 'not all are ready'
  }

  /** Everything works again: rounds in turn, until all is settled. What is amiss after `most` rounds, or null. */
  async settle(check: () => void, most = 200): Promise<string | null> {
    for (let rounds = 0; rounds < most && this.settled() !== null; rounds += 1) {
      for (let who = 0; who < this.#members.length; who += 1) {
        // A round has at most a dozen requests, except for conflicts.
        for (let steps = 0; steps < 40; steps += 1) {
          await this.happen({ kind: 'go-on', who, watched: this.#heard[who] !== this.#version() })
          this.#heard[who] = this.#version()
          check()
          if (this.#members[who]?.resting === true) break
        }
      }
      this.#wait(3_000)
    }
    return this.settled()
  }
}
