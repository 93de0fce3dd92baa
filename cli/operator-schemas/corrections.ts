import { isRecord, toText } from '../../core/json.ts'
import type { StructuralSchema } from './structural-schema.ts'

/** How to write a value so that its type fits, in YAML. Undefined if the value does not show what was meant. */
export function suggestCorrection(schema: StructuralSchema, value: unknown): string | undefined {
  const { type, enum: choices } = schema
  if (choices !== undefined) return suggestChoice(choices, value)
  switch (type) {
    case 'string':
      return suggestString(value)
    case 'integer':
    case 'number':
      return typeof value === 'string' && isNumber(value, type) ? value.trim() : undefined
    case 'boolean':
      return suggestBoolean(value)
    case 'array':
      return suggestList(schema, value)
    case 'object':
      return suggestObject(schema, value)
    default:
      return undefined
  }
}

const isNumber = (text: string, type: 'integer' | 'number') =>
  (type === 'integer' ? /^\s*-?\d{1,15}\s*$/ : /^\s*-?\d{1,15}(\.\d+)?\s*$/).test(text)

function suggestChoice(choices: readonly unknown[], value: unknown): string | undefined {
  const given = toText(value).trim().toLowerCase()
  const meant = choices.find(
    (choice): choice is string => typeof choice === 'string' && choice !== '' && choice.toLowerCase() === given,
  )
  if (meant !== undefined) return quoteScalar(meant)
  // `3.9` where only the major version is accepted.
  const major = choices.find(
    (choice) => typeof choice === 'string' && /^\d+$/.test(choice) && given.startsWith(`${choice}.`),
  )
  return typeof major === 'string' ? quoteScalar(major) : undefined
}

function suggestString(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return JSON.stringify(String(value))
  if (isRecord(value) && Object.keys(value).length === 1 && typeof value.name === 'string') return value.name
  if (!Array.isArray(value) || value.length === 0 || !value.every(isScalar)) return undefined
  return JSON.stringify(value.join(','))
}

function suggestBoolean(value: unknown): string | undefined {
  const text = toText(value).trim().toLowerCase()
  if (['true', 'yes', 'on', '1'].includes(text)) return 'true'
  return ['false', 'no', 'off', '0'].includes(text) ? 'false' : undefined
}

function suggestList({ items }: StructuralSchema, value: unknown): string | undefined {
  if (isRecord(value)) return items?.type === 'object' ? 'a list: put “- ” in front of its first line' : undefined
  if (!isScalar(value) || (items?.type !== undefined && items.type !== 'string')) return undefined
  const parts = String(value)
    .split(',')
    .map((part) => quoteScalar(part.trim()))
  return `[${parts.join(', ')}]`
}

/** `restartPolicy: Never` for `restartPolicy: {type: Never}`; a name for `{name: NAME}`. */
function suggestObject({ properties = {}, values }: StructuralSchema, value: unknown): string | undefined {
  if (!isScalar(value)) return undefined
  const choice = Object.entries(properties).find(([, { enum: choices }]) => choices?.includes(value) === true)
  if (choice !== undefined) return `{${choice[0]}: ${String(value)}}`
  return values === undefined && properties.name?.type === 'string'
    ? `{name: ${quoteScalar(String(value))}}`
    : undefined
}

const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'

/** A string as YAML 1.1 reads it as one. */
const quoteScalar = (text: string) =>
  /^[A-Za-z/][\w./:-]*$/.test(text) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(text)
    ? text
    : JSON.stringify(text)
