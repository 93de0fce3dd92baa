/** The load generator in a separate process, so that it can use a separate core. It reads a Load and writes a LoadResult. */
import { applyLoad, type Load } from './load.ts'

process.on('message', async (load: Load) => {
  process.send?.(await applyLoad(load))
})
