/**
 * Whether an argument that may also be the name of an application or a pod is the path of a file. Such a name contains no slash.
 * It could end like a file, but a file is far more likely. `-` is stdin.
 */
export const isFileName = (name: string): boolean =>
  name === '-' || /\/|\.(ya?ml|json|sh|bash|conf|properties)$/.test(name)
