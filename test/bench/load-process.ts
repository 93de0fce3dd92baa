/** The load generator as a process of its own, so that it can have a core of its own: a Load in, a LoadResult out. */
import { applyLoad, type Load } from './load.ts'

process.on('message', async (load: Load) => {
  process.send?.(await applyLoad(load))
})
