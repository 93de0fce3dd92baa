/** Where progress goes, a line at a time. */
export type Log = (line: string) => void

const seconds = (from: number): string => `${((performance.now() - from) / 1000).toFixed(1)} s`

/** Runs `work`, says its name at the start when it is slow, and its time at the end. */
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
