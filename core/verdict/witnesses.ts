/**
 * What can be observed of a driver from inside its pod. Each witness may be missing: an image may have no shell, a UI may
 * refuse thread dumps, a filter may protect the UI. A missing witness says nothing, and nothing is concluded from its absence.
 *
 * Times are milliseconds of the observer's active clock, which stands still while the observer does not run.
 */
export interface Observation {
  readonly ui: Sample
  /** The newest complete record of the probes, whether or not it is new since the last observation. */
  readonly processes?: ProcessRecord
  /** Whether a probe has run in the driver's container, even if its record cannot be read. */
  readonly probed?: boolean
  readonly jobs?: JobsReading
  readonly executors?: ExecutorsReading
  readonly metrics?: MetricsReading
  readonly threads?: ThreadsReading
  readonly queries?: QueriesReading
  /** What was requested of the UI since the last observation, whether or not it was answered: it is not requested again soon. */
  readonly requested?: readonly UiWitness[]
}

/** The result of one poll of `/api/v1/applications`. */
export type Sample =
  /** The UI is this driver's. `not-started`: Spark's page "Spark is starting up". */
  | {
      readonly kind: 'alive'
      readonly evidence: 'application' | 'not-started' | 'authentication' | 'redirect'
    }
  /** Another program answers on this port (hostNetwork, or the UI moved to another port). */
  | { readonly kind: 'other'; readonly detail: string }
  | { readonly kind: 'failing'; readonly cause: FailureCause; readonly detail: string; readonly tookMs: number }
  /** No process listens on this port. */
  | { readonly kind: 'refused' }
  /** The polling process itself was late (frozen, throttled): proves nothing about the driver. */
  | { readonly kind: 'inconclusive'; readonly detail: string }

export type FailureCause = 'timeout' | 'reset' | 'server-error' | 'malformed'

/** What one probe recorded in the driver's container. Source: proc(5) and the cgroup's `cpu.stat` and `memory.events`. */
export interface ProcessRecord {
  /** When the probe wrote the record. Two records with the same time are the same record. */
  readonly recordedMs: number
  /** The JVM of the driver: the `java` process that runs SparkSubmit, or the main process. Null if there is none. */
  readonly jvm: JvmProcess | null
  /** CPU time of the container's `python` processes, in ticks of 10 ms. Null if there is none. */
  readonly pythonCpuTicks: number | null
  /** The same of its other processes, without shells. Null if the pod shares its process namespace: they are not recorded. */
  readonly otherCpuTicks: number | null
  /** How long the container has been throttled, in microseconds. Null if the cgroup does not say. */
  readonly throttledUs: number | null
  /** How many processes of the container the kernel has killed for lack of memory. Null if the cgroup does not say. */
  readonly oomKills: number | null
}

export interface JvmProcess {
  /** When the process started, in ticks of 10 ms since the node booted. Identifies the process. */
  readonly startTicks: string
  readonly state: ProcessState
  /** CPU time in user and kernel mode, of all threads, in ticks of 10 ms. */
  readonly cpuTicks: number
  readonly threads: number
  /** Whether a debug agent (JDWP) is among its options: a breakpoint may then suspend all its threads for hours. */
  readonly hasDebugAgent: boolean
  /** Whether any thread waits for a disk (state D): then a pause without CPU time may end by itself. Null if not recorded. */
  readonly waitsForDisk: boolean | null
}

/** The third field of `/proc/PID/stat`. `traced`: a debugger such as gdb holds the process. */
export type ProcessState = 'running' | 'sleeping' | 'waiting-for-disk' | 'stopped' | 'traced' | 'zombie' | 'unknown'

/** The running jobs: `/jobs?status=running`. */
export interface JobsReading {
  readonly jobs: readonly RunningJob[]
}

export interface RunningJob {
  readonly id: number
  /** Tasks that have completed, failed or been killed. */
  readonly endedTasks: number
  readonly activeTasks: number
  /** The micro-batch that the job belongs to; `unnamed` for DStreams, whose batches are not numbered; null for other jobs. */
  readonly streaming:
    | { readonly kind: 'batch'; readonly runId: string; readonly batch: number }
    | { readonly kind: 'unnamed' }
    | null
}

/** `/executors`. In local mode the driver itself has cores. */
export interface ExecutorsReading {
  /** Active executors, without the driver. */
  readonly executors: number
  /** Cores of everything that can run a task. */
  readonly cores: number
}

/** `/metrics/json/`. A metric that this Spark does not have is null. */
export interface MetricsReading {
  readonly activeJobs: number | null
  readonly allJobs: number | null
  /** Events that the queue `executorManagement` has dropped: after one, dynamic allocation may stop for good. */
  readonly droppedExecutorEvents: number | null
}

/** The longest list of threads in a reading. A list this long may lack some. */
export const maxThreadsKept = 300

/** `/executors/driver/threads`: the threads that a verdict may depend on, in the order of the dump. */
export interface ThreadsReading {
  readonly threads: readonly DriverThread[]
  /** What all threads but `main` do, also those that are not in the list. */
  readonly others: OtherThreads
}

/** `working`: at least one computes, or waits for an answer from elsewhere. `sleeping`: at least one will go on by itself. */
export type OtherThreads = 'idle' | 'sleeping' | 'working'

export interface DriverThread {
  readonly id: number
  readonly name: string
  /** Java's Thread.State. */
  readonly state: string
  /** The innermost frames, at most 30. */
  readonly frames: readonly string[]
  /** The id of the thread that holds the lock for which this one waits. Null if it waits for none. */
  readonly blockedBy: number | null
}

/** The tables of the page `/StreamingQuery/`. */
export interface QueriesReading {
  readonly queries: readonly StreamingQuery[]
}

export interface StreamingQuery {
  readonly name: string
  /** Stays the same when the query is started again from its checkpoint. */
  readonly id: string
  readonly runId: string
  readonly state: 'active' | 'finished' | 'failed'
  /** The latest batch; null if the page does not show one. */
  readonly batch: number | null
  /** The first line of the error, at most 300 characters. Null unless the query failed. */
  readonly error: string | null
}

/** What the UI can report in addition to its list of applications. */
export type UiWitness = 'jobs' | 'executors' | 'metrics' | 'threads' | 'queries'
