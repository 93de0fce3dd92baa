import type { LogMatcher } from '../log/matcher.ts'
import { apiServerRules } from './api-server.ts'
import { applicationRules } from './application.ts'
import { classpathRules } from './classpath.ts'
import { cloudRules } from './cloud.ts'
import { configRules } from './config.ts'
import { containerLines } from './container-detectors.ts'
import { containerRules } from './containers.ts'
import { executorLines } from './executor-detectors.ts'
import { executorRules } from './executors.ts'
import { exitCodeRules, exitLines } from './exit-codes.ts'
import { hangRules } from './hang.ts'
import { findHangLines } from './hang-detectors.ts'
import { imageRules } from './image.ts'
import { jobMemoryRules } from './job-memory.ts'
import { memoryRules } from './memory.ts'
import { networkRules } from './network.ts'
import { nodeRules } from './node.ts'
import { permissionRules } from './permission.ts'
import { platformRules } from './platform.ts'
import { podConfigRules } from './pod-config.ts'
import { quotaRules } from './quota.ts'
import type { Rule } from './rule.ts'
import { schedulingLines, schedulingRules } from './scheduling.ts'
import { submissionRules } from './submission.ts'
import { volumeRules } from './volume.ts'

/** All rules. If two findings of equal rank do not explain each other, the one listed first is reported first. */
export const catalogue: readonly Rule[] = [
  ...submissionRules,
  ...nodeRules,
  ...memoryRules,
  ...jobMemoryRules,
  ...quotaRules,
  ...apiServerRules,
  ...cloudRules,
  ...permissionRules,
  ...imageRules,
  ...volumeRules,
  ...executorRules,
  ...schedulingRules,
  ...classpathRules,
  ...configRules,
  ...podConfigRules,
  ...containerRules,
  ...networkRules,
  ...hangRules,
  ...platformRules,
  ...applicationRules,
  ...exitCodeRules,
]

/** All matchers that a log is searched for. */
export const logMatchers: readonly LogMatcher[] = [
  ...new Set([
    ...containerLines,
    ...executorLines,
    ...findHangLines,
    ...schedulingLines,
    ...exitLines,
    ...catalogue.flatMap(({ matchers, resolvedBy }) => [
      ...matchers.filter((matcher) => matcher.kind === 'log'),
      ...(resolvedBy === undefined ? [] : [resolvedBy]),
    ]),
  ]),
]
