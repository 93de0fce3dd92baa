export type Target =
  | { readonly kind: 'pod'; readonly pod: string }
  | { readonly kind: 'application'; readonly application: string }
  | { readonly kind: 'bundle'; readonly dir: string }
