import { durationPattern } from '../core/duration.ts'
import { type Setting, settingKeys, settings } from '../core/settings/settings.ts'

export interface JsonSchema {
  readonly [keyword: string]: unknown
}

const strings: JsonSchema = { type: 'object', additionalProperties: { type: 'string' } }
const amounts: JsonSchema = { type: 'object', additionalProperties: { type: ['string', 'number'] } }
const objects: JsonSchema = { type: 'array', items: { type: 'object' } }

/** The schemas that `@schema` in the chart's values may name. */
export const valueSchemas: Readonly<Record<string, JsonSchema>> = {
  strings,
  objects,
  words: { type: 'array', items: { type: ['string', 'number'] } },
  port: { type: 'integer', minimum: 1, maximum: 65535 },
  duration: { type: 'string', pattern: `^${durationPattern}$` },
  /** A duration of Go, which has no unit for days; may be empty. */
  goDuration: { type: 'string', pattern: '^(\\d+(\\.\\d+)?(ms|s|m|h))*$' },
  resources: {
    type: 'object',
    additionalProperties: false,
    properties: { requests: amounts, limits: amounts, claims: objects },
  },
  matchConditions: {
    type: 'array',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['name', 'expression'],
      properties: { name: { type: 'string' }, expression: { type: 'string' } },
    },
  },
  labelSelector: {
    type: 'object',
    additionalProperties: false,
    properties: { matchLabels: strings, matchExpressions: objects },
  },
  settings: {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(settingKeys.map((key) => [key, toSettingSchema(settings[key])])),
  },
}

/** The schema of a setting in the chart's values. The webhook checks the bounds of durations and quantities, and warns. */
export function toSettingSchema(setting: Setting<unknown>): JsonSchema {
  const { description, form, words = [] } = setting
  return { description: `${description} Must be ${form}.`, ...toForm(setting, words.join('|')) }
}

function toForm({ type, words = [], bounds }: Setting<unknown>, alternatives: string): JsonSchema {
  switch (type) {
    case 'boolean':
      return { type: ['boolean', 'string'], enum: [true, false, ...words] }
    case 'choice':
      return { type: 'string', enum: words }
    case 'integer':
      return {
        type: words.length === 0 ? 'integer' : ['integer', 'string'],
        minimum: bounds?.min,
        maximum: bounds?.max,
        ...(words.length > 0 && { pattern: `^(${alternatives})$` }),
      }
    case 'duration':
      return {
        type: 'string',
        pattern: words.length === 0 ? `^${durationPattern}$` : `^(${alternatives}|${durationPattern})$`,
      }
    case 'quantity':
      return { type: ['string', 'number'], pattern: '^[0-9.]+(m|k|M|G|Ki|Mi|Gi)?$' }
  }
}
