import {
  type AdmissionRequest,
  createReviewResponse,
  type ParsedReview,
  parseReview,
} from '../../admission/admission-review.ts'
import type { Admission } from '../../admission/admit.ts'
import { admissionReasons } from '../../core/contract/skip-reasons.ts'
import { createFairTurns, type FairTurns, type Waiting } from './fair-turns.ts'
import { findReviewUid, parseReviewBody } from './review-body.ts'

/** Why a body gets no review. The response holds `error` and the fields that are set. */
export interface ReviewRefusal {
  readonly status: 400 | 422
  readonly error: string
  readonly field?: string
  readonly value?: string
  readonly form?: string
}

/** A body and its four possible responses. Exactly one of them is called, once. */
export interface PostedReview {
  readonly body: Buffer
  /** The address of the client. */
  readonly peer: string
  /** Called before something is awaited. Returns why that is not possible; null if it is. */
  hold(): Error | null
  /** Sends the JSON of an AdmissionReview. */
  send(review: string): void
  /** Sends the JSON of an AdmissionReview that admits an object which was not looked at. */
  sendUnread(review: string, problem: string): void
  refuse(refusal: ReviewRefusal): void
  fail(error: unknown): void
}

/** Bodies that are left after this time wait for the next turn of the event loop, so that the process stays responsive. */
const maxTurnMs = 10

/**
 * Handles bodies in batches: all bodies that arrive within one turn of the event loop are parsed, then all are decided, then all
 * get their responses. A body that arrives alone gets its response at the end of its turn. With 8 connections,
 * `npm run bench -- webhook` measures 7,230 requests a second with batches and 4,770 without (means of two runs each).
 *
 * If bodies must wait, each peer gets the same time: a client that sends many, or expensive ones, delays its own.
 */
export function batchReviews(
  admit: Admit,
  nowMs: () => number = () => performance.now(),
): (posted: PostedReview) => Waiting {
  const turns = createFairTurns<PostedReview>()
  const respondToAll = () => {
    const batch = readBatch(turns, nowMs)
    if (turns.size > 0) setImmediate(respondToAll)
    const admissions = batch.map(({ posted, review }) =>
      review.kind === 'request' ? attempt(admit, review.request, posted.peer) : undefined,
    )
    for (const [index, { posted, review }] of batch.entries()) respond(posted, review, admissions[index])
  }
  return (posted) => {
    if (turns.size === 0) setImmediate(respondToAll)
    return turns.add(posted.peer, posted)
  }
}

type Admit = (request: AdmissionRequest, peer: string) => Admission | Promise<Admission>

interface ReadBody {
  readonly posted: PostedReview
  readonly review: ReadReview
}

/** Reads bodies for {@link maxTurnMs}, at least one. */
function readBatch(turns: FairTurns<PostedReview>, nowMs: () => number): readonly ReadBody[] {
  const batch: ReadBody[] = []
  const startMs = nowMs()
  let beforeMs = startMs
  while (beforeMs - startMs < maxTurnMs) {
    const turn = turns.take()
    if (turn === undefined) break
    batch.push({ posted: turn.item, review: readReview(turn.item.body) })
    const afterMs = nowMs()
    turn.spend(afterMs - beforeMs)
    beforeMs = afterMs
  }
  return batch
}

function attempt(admit: Admit, request: AdmissionRequest, peer: string): Admission | Promise<Admission> {
  try {
    return admit(request, peer)
  } catch (error) {
    return Promise.reject(error)
  }
}

/** A failure of one response must not prevent the others. */
function respond(
  posted: PostedReview,
  review: ReadReview,
  admission: Admission | Promise<Admission> | undefined,
): void {
  try {
    respondTo(posted, review, admission)
  } catch (error) {
    posted.fail(error)
  }
}

function respondTo(
  posted: PostedReview,
  review: ReadReview,
  admission: Admission | Promise<Admission> | undefined,
): void {
  switch (review.kind) {
    case 'not-json':
      posted.refuse({ status: 400, error: 'the body is not JSON' })
      break
    case 'too-complex':
      respondUnread(posted, review.uid)
      break
    case 'failed':
      posted.fail(review.error)
      break
    case 'problem': {
      const { field, value, form } = review.problem
      posted.refuse({ status: 422, error: `${field}: ${value} must be ${form}`, field, value, form })
      break
    }
    case 'request':
      if (admission instanceof Promise) {
        respondLater(posted, admission)
      } else if (admission !== undefined) {
        posted.send(JSON.stringify(admission.review))
      }
  }
}

function respondLater(posted: PostedReview, admission: Promise<Admission>): void {
  const problem = posted.hold()
  admission
    .then(({ review }) => {
      if (problem === null) posted.send(JSON.stringify(review))
    })
    .catch(posted.fail)
  if (problem !== null) posted.fail(problem)
}

/** An object of an API server is admitted, whatever it contains: a refusal would keep it from being created. */
function respondUnread(posted: PostedReview, uid: string | null): void {
  const { sentence } = admissionReasons['too-complex']
  if (uid === null) posted.refuse({ status: 422, error: sentence })
  else posted.sendUnread(JSON.stringify(createReviewResponse(uid, 'too-complex', [], [sentence])), sentence)
}

type ReadReview =
  | ParsedReview
  | { readonly kind: 'not-json' }
  | { readonly kind: 'too-complex'; readonly uid: string | null }
  /** A bug. */
  | { readonly kind: 'failed'; readonly error: unknown }

/** Never throws, because no other body may depend on this one. */
function readReview(body: Buffer): ReadReview {
  try {
    const text = body.toString()
    const parsed = parseReviewBody(text)
    if (parsed.kind === 'json') return parseReview(parsed.value)
    return parsed.kind === 'not-json' ? parsed : { kind: 'too-complex', uid: findReviewUid(text) }
  } catch (error) {
    return { kind: 'failed', error }
  }
}
