import { parseJson } from '../../core/json.ts'
import { parseProperties } from '../../core/spark/properties.ts'
import { parseApplicationState } from '../evidence/application-state.ts'
import { parseDriverPod } from '../evidence/driver-pod.ts'
import { parseDriverService } from '../evidence/driver-service.ts'
import { parseEvents } from '../evidence/events.ts'
import type { DriverSubject, Evidence, Reading } from '../evidence/evidence.ts'
import { parseExecutorFigures } from '../evidence/executor-figures.ts'
import { parseNode } from '../evidence/node-state.ts'
import { parseQuotas } from '../evidence/quotas.ts'
import { parseSidecarReport } from '../evidence/sidecar-report.ts'
import { parseThreads } from '../evidence/threads.ts'

/** What evidence is made of but for the logs: each as it came, its secrets taken out. */
export interface Documents {
  readonly pod: Reading<unknown>
  readonly events: Reading<unknown>
  readonly node: Reading<unknown>
  readonly application: Reading<unknown>
  readonly quotas: Reading<unknown>
  readonly service: Reading<unknown>
  readonly sidecar: Reading<unknown>
  readonly threads: Reading<unknown>
  readonly executors: Reading<unknown>
  /** Text of a properties file. */
  readonly conf: Reading<unknown>
}

/** The names of the documents in a bundle. */
export const documentFiles = {
  pod: 'pod.json',
  events: 'events.json',
  node: 'node.json',
  application: 'application.json',
  quotas: 'quota.json',
  service: 'service.json',
  sidecar: 'status.json',
  threads: 'threads.json',
  executors: 'executors.json',
  conf: 'spark.properties',
} as const satisfies Record<keyof Documents, string>

export const logFiles = { log: 'driver.log', previousLog: 'previous.log' } as const

/** Everything of an Evidence that documents tell. */
export function readDocuments(documents: Documents): Omit<Evidence, 'log' | 'previousLog' | 'subject' | 'collectedMs'> {
  return {
    pod: parsed(documents.pod, parseDriverPod, 'a Pod'),
    events: parsed(documents.events, parseEvents, 'a list of Events'),
    node: parsed(documents.node, parseNode, 'a Node'),
    application: parsed(documents.application, parseApplicationState, 'a SparkApplication'),
    quotas: parsed(documents.quotas, parseQuotas, 'a list of ResourceQuotas'),
    service: parsed(documents.service, parseDriverService, 'a Service'),
    sidecar: parsed(documents.sidecar, parseSidecarReport, 'a status of the sidecar'),
    threads: parsed(documents.threads, parseThreads, 'a thread dump of the Spark UI'),
    executors: parsed(documents.executors, parseExecutorFigures, 'a list of executors of the Spark UI'),
    conf: parsed(
      documents.conf,
      (text) => (typeof text === 'string' ? parseProperties(text) : undefined),
      'a properties file',
    ),
  }
}

function parsed<T>(reading: Reading<unknown>, parse: (value: unknown) => T | undefined, what: string): Reading<T> {
  if (reading.kind !== 'read') return reading
  const value = parse(reading.value)
  if (value === undefined) return { kind: 'unknown', source: reading.source, why: `it is not ${what}` }
  return { kind: 'read', value, source: reading.source }
}

/** A document's text, as JSON. */
export function jsonReading(text: string, source: string): Reading<unknown> {
  const value = parseJson(text)
  return value === undefined ? { kind: 'unknown', source, why: 'it is no JSON' } : { kind: 'read', value, source }
}

export type DocumentName = keyof Documents

/** One reading for each name. */
export function toDocuments(read: (name: DocumentName) => Reading<unknown>): Documents {
  return {
    pod: read('pod'),
    events: read('events'),
    node: read('node'),
    application: read('application'),
    quotas: read('quotas'),
    service: read('service'),
    sidecar: read('sidecar'),
    threads: read('threads'),
    executors: read('executors'),
    conf: read('conf'),
  }
}

/** What a bundle says of itself, `bundle.json`. */
export interface BundleNote {
  readonly collectedMs: number
  readonly subject: DriverSubject
  readonly unknown: readonly { readonly what: string; readonly source: string; readonly why: string }[]
}

export const bundleNoteFile = 'bundle.json'
