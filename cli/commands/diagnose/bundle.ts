import { join } from 'node:path'
import { listField, parseJson, textField, timeField, toRecord } from '../../../core/json.ts'
import { decodeText } from '../../../core/text-decoder.ts'
import { buildRedactor } from '../../diagnosis/build-redactor.ts'
import {
  type BundleNote,
  bundleNoteFile,
  documentFiles,
  jsonReading,
  logFiles,
  readDocuments,
  toDocuments,
} from '../../diagnosis/documents.ts'
import { toLogEvidence } from '../../diagnosis/log-evidence.ts'
import { absent, type DriverSubject, type Evidence, type EvidenceReading, valueIn } from '../../evidence/evidence.ts'
import type { CliIo } from '../../io/cli-io.ts'
import { type LogReading, LogScan } from '../../log/scan.ts'
import { UsageError } from '../../options/usage-error.ts'
import type { Redactor } from '../../redaction/redactor.ts'
import { logMatchers } from '../../rules/catalogue.ts'

/** Files that every bundle must contain. The other files are optional. */
const expected: ReadonlySet<string> = new Set(['pod', 'events', 'log'])

/**
 * Reads the evidence from a directory. An expected file that is missing is reported as unknown, not as absent. Throws a
 * UsageError if the directory contains none of the files.
 */
export async function readBundle(dir: string, io: CliIo): Promise<Evidence> {
  const texts = await readTexts(dir, io)
  const note = parseNote(texts.get(bundleNoteFile)?.text)
  const raw = toDocuments((name) => reading(name, documentFiles[name], texts.get(documentFiles[name]), note))
  const redactor = buildRedactor(raw)
  const documents = toDocuments((name) => redactReading(raw[name], redactor))
  const [log, previousLog] = await Promise.all([
    readLog(dir, 'log', io, redactor, note),
    readLog(dir, 'previousLog', io, redactor, note),
  ])
  if (texts.size === 0 && log.kind !== 'read') {
    const names = [...Object.values(documentFiles), logFiles.log].join(', ')
    throw new UsageError(`${dir}: not a bundle; expected at least one of ${names}`)
  }
  const read = readDocuments(documents)
  const pod = valueIn(read.pod)
  const subject: DriverSubject = note?.subject ?? {
    namespace: pod?.namespace ?? valueIn(read.application)?.namespace ?? 'default',
    pod: pod?.name ?? null,
    application: valueIn(read.application)?.name ?? null,
  }
  const collectedMs = note?.collectedMs ?? latestTime([valueIn(documents.pod), valueIn(documents.events)])
  return { ...read, log, previousLog, subject, collectedMs }
}

/** Reads the files that exist. node.json may also be in the parent directory, shared by several bundles. */
async function readTexts(dir: string, io: CliIo): Promise<ReadonlyMap<string, FileText>> {
  const texts = new Map<string, FileText>()
  for (const file of [...Object.values(documentFiles), bundleNoteFile]) {
    const places = file === documentFiles.node ? [join(dir, file), join(dir, '..', file)] : [join(dir, file)]
    for (const place of places) {
      const text = texts.has(file) ? undefined : await readText(place, io)
      if (text !== undefined) texts.set(file, text)
    }
  }
  return texts
}

/** The text of a file, or why it cannot be read. */
type FileText =
  | { readonly text: string; readonly problem?: undefined }
  | { readonly text?: undefined; readonly problem: string }

/** Far more than `--save` writes. A longer file would have to fit into memory several times. */
const maxDocumentBytes = 64 * 1024 ** 2

/** Undefined if there is no such file. */
async function readText(path: string, io: CliIo): Promise<FileText | undefined> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const chunk of io.readBytes(path)) {
      bytes += chunk.byteLength
      if (bytes > maxDocumentBytes) return { problem: `longer than ${maxDocumentBytes / 1024 ** 2} MiB` }
      chunks.push(chunk)
    }
    return { text: decodeText(Buffer.concat(chunks)) }
  } catch (error) {
    return isMissing(error) ? undefined : { problem: describeReadError(error) }
  }
}

function describeReadError(error: unknown): string {
  if (toRecord(error).code === 'ELOOP') return 'a link; only regular files are read'
  return error instanceof Error ? error.message : String(error)
}

function reading(
  name: string,
  source: string,
  file: FileText | undefined,
  note: BundleNote | undefined,
): EvidenceReading<unknown> {
  const noted = note?.unknown.find(({ what }) => what === name)
  if (file?.problem !== undefined) return { kind: 'unreadable', source, why: file.problem }
  if (file === undefined) {
    if (noted !== undefined) return { kind: 'unreadable', source: noted.source, why: noted.why }
    return expected.has(name) && note === undefined
      ? { kind: 'unreadable', source, why: 'missing from the bundle' }
      : absent
  }
  return source === documentFiles.conf ? { kind: 'read', value: file.text, source } : jsonReading(file.text, source)
}

function redactReading(one: EvidenceReading<unknown>, redactor: Redactor): EvidenceReading<unknown> {
  return one.kind === 'read' ? { ...one, value: redactor.json(one.value) } : one
}

async function readLog(
  dir: string,
  name: keyof typeof logFiles,
  io: CliIo,
  redactor: Redactor,
  note: BundleNote | undefined,
): Promise<EvidenceReading<LogReading>> {
  const source = logFiles[name]
  const scan = new LogScan(logMatchers, redactor.text)
  try {
    for await (const bytes of io.readBytes(join(dir, source))) scan.write(bytes)
    const noted = note?.unknown.find(({ what }) => what === name)
    return toLogEvidence(scan.end(noted?.why ?? null), source)
  } catch (error) {
    if (!isMissing(error)) return { kind: 'unreadable', source, why: describeReadError(error) }
    const missing = reading(name, source, undefined, note)
    return missing.kind === 'read' ? absent : missing
  }
}

const isMissing = (error: unknown) => /^(ENOENT|ENOTDIR)$/.test(String(toRecord(error).code))

function parseNote(text: string | undefined): BundleNote | undefined {
  const value = text === undefined ? undefined : parseJson(text)
  const collectedMs = timeField(value, 'collectedAt')
  if (collectedMs === null) return undefined
  const subject = toRecord(value).subject
  return {
    collectedMs,
    subject: {
      namespace: textField(subject, 'namespace') ?? 'default',
      pod: textField(subject, 'pod'),
      application: textField(subject, 'application'),
    },
    unknown: listField(value, 'unknown').map((entry) => ({
      what: textField(entry, 'what') ?? '',
      source: textField(entry, 'source') ?? '',
      why: textField(entry, 'why') ?? '',
    })),
  }
}

const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/

/**
 * The latest timestamp in the objects. A bundle without a note was collected at that time or later. Anyone may have written
 * the bundle, and its objects may be nested more deeply than functions may call themselves.
 */
function latestTime(objects: readonly unknown[]): number {
  let latestMs = 0
  const open = [...objects]
  while (open.length > 0) {
    const value = open.pop()
    if (typeof value === 'string' && timestamp.test(value)) latestMs = Math.max(latestMs, Date.parse(value) || 0)
    if (typeof value !== 'object' || value === null) continue
    for (const item of Object.values(value)) open.push(item)
  }
  return latestMs
}
