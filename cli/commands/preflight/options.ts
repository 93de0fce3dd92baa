import type { StaticCheckOptions } from '../../static-checks/command-options.ts'

/** The validated options of the command. */
export interface PreflightOptions extends StaticCheckOptions {
  readonly filename: string
  readonly offline: boolean
}
