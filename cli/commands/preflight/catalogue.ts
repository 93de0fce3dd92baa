import { admissionChecks } from './catalogue/admission.ts'
import { namespaceChecks } from './catalogue/namespace.ts'
import { submissionChecks } from './catalogue/submission.ts'

/** All problems that can keep an application from running. */
export const preflightChecks = {
  ...submissionChecks,
  ...namespaceChecks,
  ...admissionChecks,
} as const

export type PreflightCheck = keyof typeof preflightChecks
