import { admissionChecks } from './catalogue/admission.ts'
import { namespaceChecks } from './catalogue/namespace.ts'
import { submissionChecks } from './catalogue/submission.ts'

/** What can keep a submission from running. */
export const preflightChecks = {
  ...submissionChecks,
  ...namespaceChecks,
  ...admissionChecks,
} as const

export type PreflightCheck = keyof typeof preflightChecks
