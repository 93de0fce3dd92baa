import { numberField, stringsField, textField, toRecord } from '../../core/json.ts'
import { parseSparkApplication, type SparkOperator } from '../../core/spark/application.ts'

/** The state and the driver settings of a SparkApplication. */
export interface ApplicationState {
  readonly operator: SparkOperator
  readonly namespace: string
  readonly name: string
  /** kubeflow: `status.applicationState.state`; Apache: the newest of `status.stateTransitionHistory`. */
  readonly state: string | null
  readonly message: string | null
  readonly attempts: number | null
  readonly driverPod: string | null
  readonly driverMemory: string | null
  readonly driverMemoryOverhead: string | null
  readonly sparkConf: Readonly<Record<string, string>>
  readonly suspended: boolean
}

/**
 * Whether the operator has given up the driver, at least for this attempt. Sources: kubeflow api/v1beta2
 * sparkapplication_types.go; Apache spark-operator-api, ApplicationStateSummary.
 */
export const hasFailedState = ({ state }: ApplicationState): boolean =>
  /^(FAILED|FAILING|SUBMISSION_FAILED|Failed|SchedulingFailure|DriverEvicted|(Driver|Executors)\w*TimedOut)$/.test(
    state ?? '',
  )

/** How the driver's container ended, if the operator's message says so: `driver container failed with ExitCode: 1, Reason: Error`. */
export function parseReportedExit({ message }: ApplicationState): { exitCode: number; reason: string | null } | null {
  const match = /ExitCode: (\d{1,3})(?:, [^ ]{1,40}: ([A-Za-z]{1,60}))?/.exec(message ?? '')
  return match === null ? null : { exitCode: Number(match[1]), reason: match[2] ?? null }
}

/** Fields: kubeflow spark-operator api/v1beta2/sparkapplication_types.go; Apache spark-kubernetes-operator v1. */
export function parseApplicationState(object: unknown): ApplicationState | undefined {
  const application = parseSparkApplication(object)
  if (application === undefined) return undefined
  const { spec, status } = toRecord(object)
  const driver = toRecord(toRecord(spec).driver)
  const { state, message } = application.operator === 'kubeflow' ? kubeflowState(status) : apacheState(status)
  const sparkConf = stringsField(spec, 'sparkConf')
  return {
    operator: application.operator,
    namespace: application.namespace,
    name: application.name,
    state,
    message,
    attempts: numberField(status, 'executionAttempts'),
    driverPod: textField(toRecord(status).driverInfo, 'podName'),
    driverMemory: textField(driver, 'memory') ?? sparkConf['spark.driver.memory'] ?? null,
    driverMemoryOverhead: textField(driver, 'memoryOverhead') ?? sparkConf['spark.driver.memoryOverhead'] ?? null,
    sparkConf,
    suspended: toRecord(spec).suspend === true,
  }
}

function kubeflowState(status: unknown) {
  const { applicationState } = toRecord(status)
  return { state: textField(applicationState, 'state'), message: textField(applicationState, 'errorMessage') }
}

/** States in which Apache's operator tidies up or tries again. What happened is in the state before them. */
const afterwards = /^(ResourceReleased|TerminatedWithoutReleaseResources|ScheduledToRestart)$/

function apacheState(status: unknown) {
  const { currentState, stateTransitionHistory } = toRecord(status)
  const history = Object.entries(toRecord(stateTransitionHistory)).toSorted(([a], [b]) => Number(a) - Number(b))
  const last = [...history.map(([, state]) => state), currentState].findLast(
    (state) => !afterwards.test(textField(state, 'currentStateSummary') ?? ''),
  )
  const shown = last ?? currentState
  return { state: textField(shown, 'currentStateSummary'), message: textField(shown, 'message') }
}
