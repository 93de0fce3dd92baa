export type Environment = Readonly<Record<string, string | undefined>>

/** Why a variable cannot be used. */
export interface ConfigProblem {
  readonly key: string
  /** Undefined if the variable is not set. */
  readonly value: string | undefined
  /** The right form, worded to follow "must be ". */
  readonly form: string
}

/**
 * Reads one variable, by its name without the prefix `SPARK_NANNY_`. A variable that is not set, or empty, has the value
 * `fallback`. Returns undefined, and reports a problem, if `parse` does.
 */
export type ReadVariable = <T>(
  name: string,
  fallback: string,
  form: string,
  parse: (text: string) => T | undefined,
) => T | undefined

/** A reader of `env` that passes what is wrong to `report`, so that all problems can be shown at once. */
export function createVariableReader(env: Environment, report: (problem: ConfigProblem) => void): ReadVariable {
  return (name, fallback, form, parse) => {
    const key = `SPARK_NANNY_${name}`
    const written = env[key]
    const value = parse(written === undefined || written === '' ? fallback : written)
    if (value === undefined) report({ key, value: written, form })
    return value
  }
}

/** Fields as they were read; a field whose variable has a problem is undefined. */
type Fields<T> = { readonly [Key in keyof T]: T[Key] | undefined }

/** The fields as a value of their type, or undefined if any of them could not be read. */
export function combine<T extends object>(fields: Fields<T>): T | undefined {
  return isComplete(fields) ? fields : undefined
}

function isComplete<T extends object>(fields: Fields<T>): fields is Fields<T> & T {
  return Object.values(fields).every((value) => value !== undefined)
}

/** The form and the parser of a variable that has one of several values. */
export function oneOf<const T extends string>(
  values: readonly T[],
): readonly [form: string, parse: (text: string) => T | undefined] {
  return [`one of ${values.join(', ')}`, (text) => values.find((value) => value === text)]
}

/** The form and the parser of a variable that is true or false. */
export const flag: readonly [form: string, parse: (text: string) => boolean | undefined] = [
  'true or false',
  (text) => (text === 'true' || text === 'false' ? text === 'true' : undefined),
]
