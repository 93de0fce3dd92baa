import { toRecord } from '../../core/json.ts'
import { parseItems, stringsField, textField } from './fields.ts'

/** One ResourceQuota: what it allows and what is used of it. */
export interface QuotaUsage {
  readonly name: string
  readonly hard: Readonly<Record<string, string>>
  readonly used: Readonly<Record<string, string>>
}

/** The ResourceQuotas of a list, or of one object; other kinds (LimitRanges) are passed over. */
export function parseQuotas(object: unknown): readonly QuotaUsage[] {
  const items = toRecord(object).kind === 'ResourceQuota' ? [toRecord(object)] : parseItems(object)
  return items
    .filter(({ kind }) => kind === undefined || kind === 'ResourceQuota')
    .map(({ metadata, spec, status }) => ({
      name: textField(metadata, 'name') ?? '',
      hard: { ...stringsField(spec, 'hard'), ...stringsField(status, 'hard') },
      used: stringsField(status, 'used'),
    }))
}
