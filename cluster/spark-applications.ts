import { actionsAnnotation } from '../core/contract/pod-contract.ts'
import { leavesReserve } from '../core/fair-reserve.ts'
import { toRecord, toText } from '../core/json.ts'
import {
  parseSparkApplication,
  pickAdmissionConf,
  type SparkApplication,
  type SparkOperator,
  sparkApplicationApis,
} from '../core/spark/application.ts'
import type { ApplicationLookup, ApplicationReference } from '../core/spark/application-reference.ts'
import { describeResponse, type KubernetesApi } from '../kubernetes/api.ts'
import type { Reflector, ReflectorDeps } from '../kubernetes/reflector.ts'
import { createScopedReflector, type Unlisted } from '../kubernetes/scoped-reflector.ts'
import { formatApplicationPath } from './application-path.ts'
import { pickOwnAnnotations } from './own-annotations.ts'

/** The part of a SparkApplication that is kept in memory: ten thousand of them must fit in a few megabytes. */
export interface KnownApplication {
  readonly uid: string
  readonly resourceVersion: string
  /** Changes with each change of the spec. */
  readonly generation: number
  /** How often its driver was submitted; 0 if its status does not say. */
  readonly attempts: number
  readonly application: SparkApplication
}

/** The properties that admissions need are short, except Java options with a debug agent. */
const maxKeptChars = 32_768
/** The history of ten deletions has less than 5,000 characters. */
const maxHistoryLength = 8_192

/**
 * The part that is kept. The properties that admissions need are kept whole, so that an application with very long ones is not
 * kept at all, and is read at each of its admissions.
 */
export function projectApplication(object: unknown): KnownApplication | undefined {
  const application = parseSparkApplication(object)
  if (application === undefined) return undefined
  const { metadata, status } = toRecord(object)
  const { uid, generation, resourceVersion } = toRecord(metadata)
  return {
    uid: toText(uid ?? ''),
    resourceVersion: toText(resourceVersion ?? ''),
    generation: typeof generation === 'number' ? generation : 0,
    attempts: countAttempts(application.operator, toRecord(status)),
    application: {
      ...application,
      annotations: pickOwnAnnotations(application.annotations, { [actionsAnnotation]: maxHistoryLength }),
      sparkConf: pickAdmissionConf(application.sparkConf),
    },
  }
}

/**
 * kubeflow counts submissions; Apache's operator counts restarts (BaseAttemptInfo). The latter resets its counter after
 * `restartCounterResetMillis`, at the next restart.
 */
function countAttempts(operator: SparkOperator, status: Readonly<Record<string, unknown>>): number {
  if (operator === 'kubeflow') return typeof status.executionAttempts === 'number' ? status.executionAttempts : 0
  const { restartCounter } = toRecord(toRecord(status.currentAttemptSummary).attemptInfo)
  return typeof restartCounter === 'number' ? restartCounter + 1 : 0
}

export interface SparkApplications {
  readonly reflectors: readonly Reflector<KnownApplication>[]
  /** `client`: who asks. Each client gets a share of the requests at the same time. */
  lookup(reference: ApplicationReference, client?: string): ApplicationLookup | Promise<ApplicationLookup>
  /** The application in the cache, without a request. */
  known(reference: ApplicationReference): KnownApplication | undefined
  all(): IterableIterator<KnownApplication>
  /** The namespaces in which those of either operator were never listed; `all` if those of an operator were listed nowhere. */
  unlisted(): Unlisted
}

/** How long an admission waits for one SparkApplication. */
const getDeadlineMs = 500
/** An object in etcd has at most 1.5 MiB, and those of a CRD are stored as JSON. */
const maxApplicationBytes = 2 * 1024 * 1024
/** Any client may send admission requests that name unknown SparkApplications. None of them may take all GETs. */
const maxConcurrentGets = 16

/** The SparkApplications of both operators, from the cache, else by one GET with a deadline. */
export function watchSparkApplications(deps: ReflectorDeps): SparkApplications {
  const watched = sparkApplicationApis.map(({ operator, group, version }) => ({
    operator,
    reflector: createScopedReflector(
      { path: `/apis/${group}/${version}/sparkapplications`, project: projectApplication, maxKeptChars },
      deps,
    ),
  }))
  const known = (reference: ApplicationReference): KnownApplication | undefined => {
    const { objects } = watched.find(({ operator }) => operator === reference.operator)?.reflector ?? {}
    const found = objects?.get(reference.namespace, reference.name)
    // With another uid it was deleted and created again, which the cache has not seen yet.
    return reference.uid === null || found?.uid === reference.uid ? found : undefined
  }
  const gets = new Map<string, number>()
  const getInTurn = async (reference: ApplicationReference, client: string): Promise<ApplicationLookup> => {
    const own = gets.get(client) ?? 0
    const others = gets.values().reduce((sum, count) => sum + count, -own)
    if (!leavesReserve(own + 1, others, maxConcurrentGets)) {
      return { kind: 'unreadable', reference, detail: 'too many are being read' }
    }
    gets.set(client, own + 1)
    try {
      return await getApplication(deps.api, reference)
    } finally {
      const left = (gets.get(client) ?? 1) - 1
      if (left === 0) gets.delete(client)
      else gets.set(client, left)
    }
  }
  return {
    reflectors: watched.map(({ reflector }) => reflector),
    known,
    unlisted: () => {
      const namespaces = new Set<string>()
      for (const { reflector } of watched) {
        const unlisted = reflector.unlisted()
        if (unlisted === 'all') return 'all'
        for (const namespace of unlisted) namespaces.add(namespace)
      }
      return namespaces
    },
    *all() {
      for (const { reflector } of watched) yield* reflector.objects.all()
    },
    lookup: (reference, client = '') => {
      const found = known(reference)
      return found === undefined ? getInTurn(reference, client) : { kind: 'found', application: found.application }
    },
  }
}

async function getApplication(api: KubernetesApi, reference: ApplicationReference): Promise<ApplicationLookup> {
  const { uid } = reference
  const path = formatApplicationPath(reference)
  const response = await api.request({
    method: 'GET',
    path,
    deadlineMs: getDeadlineMs,
    maxBytes: maxApplicationBytes,
  })
  const unreadable = (detail: string): ApplicationLookup => ({ kind: 'unreadable', reference, detail })
  if (response.kind === 'response' && response.status === 404 && uid === null) return { kind: 'none' }
  if (response.kind === 'failed' || response.status !== 200) return unreadable(describeResponse(response))
  const known = projectApplication(response.body)
  if (known === undefined) return unreadable('the response is not a SparkApplication')
  if (uid !== null && known.uid !== uid) return unreadable('it is another SparkApplication of the same name')
  return { kind: 'found', application: known.application }
}
