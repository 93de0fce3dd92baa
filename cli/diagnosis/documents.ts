import { isDeeperThan, parseJson } from '../../core/json.ts'
import { parseProperties } from '../../core/spark/properties.ts'
import { parseApplicationState } from '../evidence/application-state.ts'
import { parseDriverPod } from '../evidence/driver-pod.ts'
import { parseDriverService } from '../evidence/driver-service.ts'
import { parseEvents } from '../evidence/events.ts'
import type { DriverSubject, Evidence, EvidenceReading } from '../evidence/evidence.ts'
import { parseExecutorFigures } from '../evidence/executor-figures.ts'
import { parseNode } from '../evidence/node-state.ts'
import { parseQuotas } from '../evidence/quotas.ts'
import { parseSidecarReport } from '../evidence/sidecar-report.ts'
import { parseThreadDump } from '../evidence/threads.ts'

/** The sources of the evidence except the logs: unparsed, but with secrets redacted. */
export interface Documents {
  readonly pod: EvidenceReading<unknown>
  readonly events: EvidenceReading<unknown>
  readonly node: EvidenceReading<unknown>
  readonly application: EvidenceReading<unknown>
  readonly quotas: EvidenceReading<unknown>
  readonly service: EvidenceReading<unknown>
  readonly sidecar: EvidenceReading<unknown>
  /** What the sidecar recorded at its last doubts about the driver, for people. */
  readonly blackBoxes: EvidenceReading<unknown>
  readonly threads: EvidenceReading<unknown>
  readonly executors: EvidenceReading<unknown>
  /** Text of a properties file. */
  readonly conf: EvidenceReading<unknown>
}

/** The file names of the documents in a bundle. */
export const documentFiles = {
  pod: 'pod.json',
  events: 'events.json',
  node: 'node.json',
  application: 'application.json',
  quotas: 'quota.json',
  service: 'service.json',
  sidecar: 'status.json',
  blackBoxes: 'blackbox.json',
  threads: 'threads.json',
  executors: 'executors.json',
  conf: 'spark.properties',
} as const satisfies Record<keyof Documents, string>

export const logFiles = { log: 'driver.log', previousLog: 'previous.log' } as const

/** Parses the documents into the parts of the evidence that they contain. */
export function readDocuments(documents: Documents): Omit<Evidence, 'log' | 'previousLog' | 'subject' | 'collectedMs'> {
  return {
    pod: parsed(documents.pod, parseDriverPod, 'a Pod'),
    events: parsed(documents.events, parseEvents, 'a list of Events'),
    node: parsed(documents.node, parseNode, 'a Node'),
    application: parsed(documents.application, parseApplicationState, 'a SparkApplication'),
    quotas: parsed(documents.quotas, parseQuotas, 'a list of ResourceQuotas'),
    service: parsed(documents.service, parseDriverService, 'a Service'),
    sidecar: parsed(documents.sidecar, parseSidecarReport, 'a sidecar status'),
    threads: parsed(documents.threads, parseThreadDump, 'a Spark UI thread dump'),
    executors: parsed(documents.executors, parseExecutorFigures, 'a Spark UI executor list'),
    conf: parsed(
      documents.conf,
      (text) => (typeof text === 'string' ? parseProperties(text) : undefined),
      'a properties file',
    ),
  }
}

function parsed<T>(
  reading: EvidenceReading<unknown>,
  parse: (value: unknown) => T | undefined,
  what: string,
): EvidenceReading<T> {
  if (reading.kind !== 'read') return reading
  const value = parse(reading.value)
  if (value === undefined) return { kind: 'unreadable', source: reading.source, why: `not ${what}` }
  return { kind: 'read', value, source: reading.source }
}

/** Parses the text of a document as JSON. */
export function jsonReading(text: string, source: string): EvidenceReading<unknown> {
  const value = parseJson(text)
  return value === undefined ? { kind: 'unreadable', source, why: 'not valid JSON' } : { kind: 'read', value, source }
}

export type DocumentName = keyof Documents

/** More than any object of Kubernetes or Spark needs. */
const maxDocumentDepth = 100

/** Reads each document by its name. A document that is nested too deeply to be walked counts as unreadable. */
export function toDocuments(readDocument: (name: DocumentName) => EvidenceReading<unknown>): Documents {
  const read = (name: DocumentName): EvidenceReading<unknown> => {
    const reading = readDocument(name)
    if (reading.kind !== 'read' || !isDeeperThan(reading.value, maxDocumentDepth)) return reading
    return { kind: 'unreadable', source: reading.source, why: 'nested too deeply' }
  }
  return {
    pod: read('pod'),
    events: read('events'),
    node: read('node'),
    application: read('application'),
    quotas: read('quotas'),
    service: read('service'),
    sidecar: read('sidecar'),
    blackBoxes: read('blackBoxes'),
    threads: read('threads'),
    executors: read('executors'),
    conf: read('conf'),
  }
}

/** The contents of `bundle.json`: when and for which driver the bundle was collected, and what could not be read. */
export interface BundleNote {
  readonly collectedMs: number
  readonly subject: DriverSubject
  readonly unknown: readonly { readonly what: string; readonly source: string; readonly why: string }[]
}

export const bundleNoteFile = 'bundle.json'
