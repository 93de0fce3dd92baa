/** Writes one line of progress. */
export type Log = (line: string) => void

const seconds = (from: number): string => `${((performance.now() - from) / 1000).toFixed(1)} s`

/** Runs `work`. Logs its name at the start if it is slow, and its duration at the end. */
export const step = async <T>(log: Log, name: string, work: () => Promise<T>): Promise<T> => {
  const from = performance.now()
  const slow = setInterval(() => log(`… ${name} (${seconds(from)})`), 15_000)
  try {
    const result = await work()
    log(`✔ ${name} ${seconds(from)}`)
    return result
  } catch (error) {
    log(`✖ ${name} ${seconds(from)}`)
    throw error
  } finally {
    clearInterval(slow)
  }
}
