/** What a thread of a dump, other than `main`, says about work that no job shows. */
import type { OtherThreads } from '../verdict/witnesses.ts'
import { isLibraryFrame, waitsForJob } from './thread-names.ts'

/** What an idle JVM has: selectors of network events, the handlers of references and of ended processes, and the dump itself. */
const idleFrame =
  /^sun\.nio\.ch\.(EPoll\.wait|EPollArrayWrapper\.epollWait|KQueue\.poll|KQueueArrayWrapper\.kevent0)|\.netty\.channel\.(epoll|kqueue)\.Native\.|^java\.lang\.(ref\.Reference\.waitForReferencePendingList|(ProcessHandleImpl|UNIXProcess)\.waitForProcessExit)|^sun\.management\.ThreadImpl\./
/** The innermost frames show for what a thread waits. */
const waitDepth = 8
/** Only the JDK's own: the method `accept` of a Consumer, which a lambda or a stream calls, does the application's work. */
const acceptFrame = /^(sun\.nio\.ch|java\.net)\.[\w$.]*accept\w*\(/i
const childFrame = /^java\.lang\.(Process|ProcessImpl|UNIXProcess)\.waitFor/
const readFrame = /\.(socketRead0|read0|readBytes0?|Net\.poll|recv0)\(/
/**
 * Those that read from a connection or a pipe for as long as the driver runs: the watch of the Kubernetes API, the gateway of
 * Python, and the reader of what Python prints. Whether Python works is known apart.
 */
const readerFrame = /^(okhttp3|okio|kotlin|io\.fabric8|py4j|org\.apache\.spark)\./
/** Threads of these libraries sleep between their rounds for as long as the driver runs. */
const periodicFrame =
  /^(org\.apache\.spark|org\.sparkproject|io\.netty|io\.vertx|okhttp3|okio|kotlin|io\.fabric8|py4j|org\.apache\.logging)\.|IdleConnectionReaper\b|^org\.apache\.hadoop\.fs\.FileSystem\$Statistics/

/**
 * `working`: it computes, or waits for a job, for a child process or for an answer from elsewhere. `sleeping`: it is in code of the
 * application, and will go on by itself. `idle`: any other. A library that is not known counts as the application.
 */
export function classifyActivity(state: string, frames: readonly string[]): OtherThreads {
  const [top] = frames
  if (top === undefined) return 'idle'
  const innermost = frames.slice(0, waitDepth)
  if (waitsForJob(frames) || innermost.some((frame) => childFrame.test(frame))) return 'working'
  if (state === 'TIMED_WAITING') return areOf(frames, periodicFrame) ? 'idle' : 'sleeping'
  if (state !== 'RUNNABLE' || idleFrame.test(top) || innermost.some((frame) => acceptFrame.test(frame))) return 'idle'
  return readFrame.test(top) && areOf(frames, readerFrame) ? 'idle' : 'working'
}

/** Whether all frames are of the JDK, of Scala, or of these libraries. */
const areOf = (frames: readonly string[], libraries: RegExp) =>
  frames.every((frame) => isLibraryFrame(frame) || libraries.test(frame))

const ranks: readonly OtherThreads[] = ['idle', 'sleeping', 'working']

/** The activity of two threads together: that of the one that does more. */
export const addActivity = (one: OtherThreads, other: OtherThreads): OtherThreads =>
  ranks.indexOf(one) < ranks.indexOf(other) ? other : one
