/** The threads of a Spark driver on which a verdict may depend, by their names, and the frames that are not of the application. */

export const schedulerThread = 'dag-scheduler-event-loop'
/** The thread of a streaming query: its name, and its run id. */
export const streamThread = /^stream execution thread for (.*?) ?\[id = .*runId = ([\w-]+)/
/** The threads of DStreams, which have no query. */
export const dstreamThread = /^(JobGenerator|JobScheduler|streaming-job-executor)/
/** Every SparkContext has these threads. A dump without them does not prove that another one is missing. */
export const contextThread = /^spark-listener-group-/
/** Servers run without a main thread. A Spark Connect server has threads of gRPC, a Thrift server those of HiveServer2. */
export const serverThread = /HiveServer2|thriftserver|^grpc-|SparkConnect/i

const exactNames: ReadonlySet<string> = new Set(['main', 'DestroyJavaVM', schedulerThread])
const patterns = [/^stream execution thread /, dstreamThread, contextThread, serverThread]

/** Whether a verdict may depend on the thread: the reader of a dump keeps it. */
export const hasWantedName = (name: string): boolean =>
  exactNames.has(name) || patterns.some((pattern) => pattern.test(name))

/** Whether a frame is of the JDK or of Scala's library. */
export const isLibraryFrame = (frame: string): boolean => /^(java|javax|jdk|sun|com\.sun|scala)\./.test(frame)

/** Whether one of these frames waits for a job of Spark, which executors run. */
export const waitsForJob = (frames: readonly string[]): boolean =>
  frames.some((frame) => frame.includes('scheduler.DAGScheduler.runJob'))
