/** The path of a pod in the API. */
export function podPath({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${podsPath(namespace)}/${encodeURIComponent(name)}`
}

export const podsPath = (namespace: string) => `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`
