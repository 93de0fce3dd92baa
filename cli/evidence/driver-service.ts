import { textField, toRecord } from '../../core/json.ts'

/** The headless Service by which executors find their driver. */
export interface DriverService {
  readonly name: string
  readonly publishesNotReady: boolean
}

export function parseDriverService(object: unknown): DriverService | undefined {
  const { metadata, spec } = toRecord(object)
  const name = textField(metadata, 'name')
  if (name === null) return undefined
  return { name, publishesNotReady: toRecord(spec).publishNotReadyAddresses === true }
}
