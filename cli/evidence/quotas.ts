import { parseItems, stringsField, textField, toRecord } from '../../core/json.ts'

/** The limits and the usage of one ResourceQuota. */
export interface QuotaUsage {
  readonly name: string
  readonly hard: Readonly<Record<string, string>>
  readonly used: Readonly<Record<string, string>>
}

/** Parses the ResourceQuotas of a list, or a single one. Other kinds, such as LimitRanges, are skipped. */
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
