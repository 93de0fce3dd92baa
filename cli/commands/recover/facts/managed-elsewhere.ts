import type { ApplicationFacts } from './cluster-facts.ts'

/** A tool that keeps an object as its source defines it: how it marks the object, and where to change the source. */
interface Manager {
  readonly name: string
  readonly where: 'labels' | 'annotations'
  /** A key, or a prefix that ends with `/`. */
  readonly mark: string
  /** The value that the key must have. */
  readonly value?: string
  change(value: string): string
}

/** Sources: each project's documentation of resource tracking. */
const managers: readonly Manager[] = [
  {
    name: 'Argo CD',
    where: 'annotations',
    mark: 'argocd.argoproj.io/tracking-id',
    change: (value) => `change it in the repository of the Argo CD application ${value.split(':')[0]}, and sync it`,
  },
  {
    name: 'Argo CD',
    where: 'labels',
    mark: 'argocd.argoproj.io/instance',
    change: (value) => `change it in the repository of the Argo CD application ${value}, and sync it`,
  },
  {
    name: 'Flux',
    where: 'labels',
    mark: 'kustomize.toolkit.fluxcd.io/',
    change: (value) => `change it in the source of the Flux Kustomization ${value}: flux get kustomizations -A`,
  },
  {
    name: 'Flux',
    where: 'labels',
    mark: 'helm.toolkit.fluxcd.io/',
    change: (value) => `change the values of the Flux HelmRelease ${value} in its repository`,
  },
  {
    name: 'Helm',
    where: 'annotations',
    mark: 'meta.helm.sh/release-name',
    change: (value) => `change the values of the Helm release ${value}: helm upgrade ${value} … --set …`,
  },
  {
    name: 'Helm',
    where: 'labels',
    mark: 'app.kubernetes.io/managed-by',
    value: 'Helm',
    change: () => 'change the values of its Helm release: helm list -A',
  },
  {
    name: 'Config Sync',
    where: 'annotations',
    mark: 'configmanagement.gke.io/managed',
    value: 'enabled',
    change: () => 'change it in the repository that Config Sync reads',
  },
  {
    name: 'Fleet',
    where: 'annotations',
    mark: 'objectset.rio.cattle.io/id',
    change: (value) => `change it in the repository of the Fleet bundle ${value}`,
  },
  {
    name: 'kapp',
    where: 'labels',
    mark: 'kapp.k14s.io/app',
    change: () => 'change it in what kapp deploys: kapp list -A',
  },
]

export interface ExternalManager {
  readonly by: string
  /** `label key=value`. */
  readonly mark: string
  readonly change: string
}

/** The tool that would revert a change of this application. Undefined if none is known. */
export function findExternalManager(application: ApplicationFacts): ExternalManager | undefined {
  for (const { name, where, mark, value, change } of managers) {
    const found = Object.entries(application[where]).find(
      ([key, given]) =>
        (key === mark || (mark.endsWith('/') && key.startsWith(mark))) && (value === undefined || given === value),
    )
    if (found === undefined) continue
    const [key, given] = found
    // Flux sets two labels, for namespace and name. Only the name is reported.
    const named = mark.endsWith('/') ? (application[where][`${mark}name`] ?? given) : given
    const kind = where === 'labels' ? 'label' : 'annotation'
    return { by: name, mark: `${kind} ${key}=${given}`, change: change(named) }
  }
  return undefined
}
