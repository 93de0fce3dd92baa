import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/**
 * The proof that this installation injected a pod's sidecar. It is in the environment of the sidecar, which nobody can
 * change in an existing pod, as opposed to an annotation.
 */
export interface InjectionProof {
  /** Unique for each admission, so that a copied proof can be recognized. */
  readonly nonce: string
  readonly mac: string
  /** The hash of the policy that the sidecar has. */
  readonly policyHash: string
  /** The prefix from which the API server generated the pod's name; empty if the pod was created with its name. */
  readonly generateName: string
}

/** What a proof is about. A pod whose name is to be generated has no name at admission, but only a prefix. */
export interface InjectedPod {
  readonly namespace: string
  readonly name: string
  readonly generateName: string
}

const version = '1'
const proofPattern = /^1\.([\w-]{22})\.([\w-]{43})$/

/** Returns the text of the proof. `admissionUid` identifies the request of the API server. */
export function signInjection(
  key: Buffer,
  pod: InjectedPod,
  { admissionUid, image, policy }: { readonly admissionUid: string; readonly image: string; readonly policy: string },
): string {
  const nonce = hash(admissionUid).slice(0, 22)
  const subject = pod.name === '' ? formatPrefix(pod) : formatName(pod)
  return `${version}.${nonce}.${computeMac(key, { nonce, subject, image, policyHash: hash(policy) })}`
}

/** Parses the text of {@link signInjection} in a pod. Null if it has another form. Nothing is verified yet. */
export function parseInjectionProof(
  text: string | undefined,
  policy: string,
  generateName: string,
): InjectionProof | null {
  const [, nonce, mac] = proofPattern.exec(text ?? '') ?? []
  return nonce === undefined || mac === undefined ? null : { nonce, mac, policyHash: hash(policy), generateName }
}

/** Whether one of the keys signed this proof for this pod and this image. */
export function isInjectionProven(
  keys: readonly Buffer[],
  { nonce, mac, policyHash, generateName }: InjectionProof,
  { namespace, name }: Pick<InjectedPod, 'namespace' | 'name'>,
  image: string,
): boolean {
  const pod = { namespace, name, generateName }
  const subjects = generateName === '' ? [formatName(pod)] : [formatName(pod), formatPrefix(pod)]
  const given = Buffer.from(mac)
  return keys.some((key) =>
    subjects.some((subject) =>
      timingSafeEqual(given, Buffer.from(computeMac(key, { nonce, subject, image, policyHash }))),
    ),
  )
}

const formatName = ({ namespace, name }: InjectedPod) => `${namespace}/${name}`
/** No name of a pod contains `*`. */
const formatPrefix = ({ namespace, generateName }: InjectedPod) => `${namespace}/${generateName}*`

interface Claims {
  readonly nonce: string
  readonly subject: string
  readonly image: string
  readonly policyHash: string
}

const computeMac = (key: Buffer, { nonce, subject, image, policyHash }: Claims) =>
  createHmac('sha256', key)
    .update(JSON.stringify(['spark-nanny.io/injection', version, nonce, subject, image, policyHash]))
    .digest('base64url')

const hash = (text: string) => createHash('sha256').update(text).digest('base64url')
