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

function apacheState(status: unknown) {
  const { currentState } = toRecord(status)
  return { state: textField(currentState, 'currentStateSummary'), message: textField(currentState, 'message') }
}
