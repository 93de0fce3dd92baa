import { applicationsPath, isApplicationIdOf, parseApplicationIds, toSample } from '../core/spark/rest-api.ts'
import type { Sample, UiWitness } from '../core/verdict/witnesses.ts'
import { sendUiRequest, type UiRequest, type UiResult } from './http-get.ts'
import type { UiAddress } from './ui-address.ts'
import { type Readings, witnessSources } from './witness-sources.ts'

const maxApplicationsBytes = 256 * 1024

export interface UiPoll {
  readonly sample: Sample
  /** Whether a connection was established, even if no answer came: then the network to the UI works. */
  readonly connected: boolean
  /** The application id as the UI lists it: it ends in `-2`, `-3`, … after restarts in place. Null if the UI lists none. */
  readonly listedId: string | null
  /** What the UI sent; 0 if it did not answer. */
  readonly bytes: number
}

export interface UiReading {
  /** Empty if the UI does not report it: a reading that failed is not evidence of anything. */
  readonly readings: Readings
  readonly bytes: number
}

/** Reads the UI of a driver. */
export interface UiClient {
  /** Reads the list of applications. Takes at most `timeoutMs`, unless the process does not run. */
  poll(address: UiAddress, applicationId: string | null, timeoutMs: number): Promise<UiPoll>
  /** Reads one witness of the application. Takes at most `timeoutMs`. */
  read(witness: UiWitness, address: UiAddress, listedId: string, timeoutMs: number): Promise<UiReading>
  /** The answer that `read` would parse, as text, cut off after `maxBytes`; undefined if the UI does not report it. */
  readText(
    witness: UiWitness,
    address: UiAddress,
    listedId: string,
    timeoutMs: number,
    maxBytes: number,
  ): Promise<string | undefined>
}

export function createUiClient(send: (request: UiRequest) => Promise<UiResult> = sendUiRequest): UiClient {
  return {
    async poll(address, applicationId, timeoutMs) {
      const request = { address, path: applicationsPath, timeoutMs, maxBodyBytes: maxApplicationsBytes }
      const result = await send({ ...request, onlyWhole: true })
      const sample = classifyResult(result, applicationId)
      const response = result.kind === 'response' ? result.response : undefined
      const isListed = sample.kind === 'alive' && sample.evidence === 'application' && response !== undefined
      const ids = isListed ? parseApplicationIds(response.body) : undefined
      const listedId = ids?.find((id) => applicationId === null || isApplicationIdOf(id, applicationId)) ?? null
      return { sample, connected: hasConnected(result), listedId, bytes: result.kind === 'response' ? result.bytes : 0 }
    },
    async read(witness, address, listedId, timeoutMs) {
      const { path, maxBodyBytes, parse } = witnessSources[witness]
      const request = { address, path: path(listedId), timeoutMs, maxBodyBytes }
      const result = await send({ ...request, onlyWhole: true, acceptsGzip: true })
      if (result.kind !== 'response') return { readings: {}, bytes: 0 }
      const { response, bytes, isTruncated } = result
      const isWhole = response.statusCode === 200 && !isTruncated
      return { readings: (isWhole ? parse(response.body) : undefined) ?? {}, bytes }
    },
    async readText(witness, address, listedId, timeoutMs, maxBytes) {
      const path = witnessSources[witness].path(listedId)
      const result = await send({ address, path, timeoutMs, maxBodyBytes: maxBytes })
      if (result.kind !== 'response' || result.response.statusCode !== 200) return undefined
      return result.response.body
    },
  }
}

function hasConnected(result: UiResult): boolean {
  return result.kind === 'failed' ? result.connected : result.kind !== 'inconclusive'
}

function classifyResult(result: UiResult, applicationId: string | null): Sample {
  switch (result.kind) {
    case 'response':
      return toSample(result.response, applicationId, result.tookMs)
    case 'refused':
      return { kind: 'refused' }
    case 'failed':
      return { kind: 'failing', cause: result.cause, detail: result.detail, tookMs: result.tookMs }
    case 'inconclusive':
      return { kind: 'inconclusive', detail: result.detail }
  }
}
