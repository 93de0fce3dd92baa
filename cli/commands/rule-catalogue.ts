import { validateChecks } from '../config-checks/catalogue.ts'
import type { StaticRule } from '../static-checks/run.ts'
import { preflightChecks } from './preflight/catalogue.ts'

/** All rules of `validate` and `preflight`, for documentation pages and reports. */
export const staticRules: readonly (StaticRule & { readonly command: 'validate' | 'preflight' })[] = [
  ...Object.values(validateChecks).map((check) => ({ ...check, command: 'validate' as const })),
  ...Object.values(preflightChecks).map((check) => ({ ...check, command: 'preflight' as const })),
]
