import { UsageError } from './usage-error.ts'

/**
 * Throws a UsageError if the argument is the path of a file. The name of an application or a pod contains no slash. It could
 * end like a file, but a forgotten `-f` is far more likely.
 */
export function checkApplicationName(name: string): string {
  if (/\/|\.(ya?ml|json|sh|conf)$/.test(name)) throw new UsageError(`${name} is a file; did you mean -f ${name}?`)
  return name
}
