/** Why a recovery is refused, by stable codes. */
export const refusalReasons = {
  completed: 'The application has completed. A rerun would write its output twice.',
  'healthy-driver': 'The driver is healthy.',
  'driver-running': 'The driver is running. A rerun would stop it and lose its progress.',
  'may-still-run':
    'The end of the driver was not observed. It may still run on a disconnected node, and two drivers would write at once.',
  gitops: 'Another tool manages the application and would revert the change.',
  'already-tried': 'The same cause was treated recently.',
  'no-remedy': 'The cause has no remedy that can be applied automatically.',
  'needs-confirmation': 'Only you can confirm that the cause has been fixed.',
  'evidence-incomplete': 'Evidence required for a decision could not be read.',
  paused: 'Recovery is paused by an annotation.',
  quarantined: 'The controller has quarantined the application.',
  suspended: 'The application is suspended, so its operator does not run it.',
  'being-deleted': 'The application is being deleted.',
  'operator-active': 'The operator is about to run the application.',
  'operator-retries': 'The operator reruns the application automatically.',
  'operator-does-not-rerun': 'The operator does not rerun a terminated application.',
  'no-capacity': 'Nodes, LimitRanges or quotas do not leave enough memory.',
  'memory-limit-fixed': 'The application sets a fixed memory limit for its driver.',
} as const

export type RefusalReason = keyof typeof refusalReasons
