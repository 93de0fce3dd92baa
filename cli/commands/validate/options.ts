import type { StaticCheckOptions } from '../../static-checks/command-options.ts'

/** The validated options of the command. */
export interface ValidateOptions extends StaticCheckOptions {
  readonly target:
    | { readonly kind: 'file'; readonly filename: string }
    | { readonly kind: 'live'; readonly name: string }
}
