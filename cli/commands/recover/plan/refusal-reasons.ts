/** Why nothing is done, by stable codes. */
export const refusalReasons = {
  completed: 'The application has completed; to run it again would write its output twice.',
  'healthy-driver': 'Nothing is wrong with the driver.',
  'driver-running': 'The driver runs; a re-run would end it, and what it has done so far would be lost.',
  'may-still-run':
    'Nobody saw the driver end; if it runs on, on a node cut off from the cluster, two would write at once.',
  gitops: 'The application is managed from elsewhere, which would undo a change made here.',
  'already-tried': 'The same remedy for the same cause was tried a short while ago.',
  'no-remedy': 'What is wrong has no remedy that a program may apply.',
  'needs-confirmation': 'Only you can confirm that the cause has been fixed.',
  'evidence-incomplete': 'What a decision needs could not be read.',
  paused: 'A person asked that nothing be done for a while.',
  quarantined: 'The controller has put the application in quarantine.',
  suspended: 'The application is suspended; its operator runs nothing of it.',
  'being-deleted': 'The application is being deleted.',
  'operator-active': 'The operator is about to run it.',
  'operator-retries': 'The operator runs it again by itself.',
  'operator-does-not-rerun': 'The operator does not run a terminated application again.',
  'no-capacity': 'There is no room for as much memory as would help.',
  'memory-limit-fixed': 'The application fixes the memory limit of its driver itself.',
} as const

export type RefusalReason = keyof typeof refusalReasons
