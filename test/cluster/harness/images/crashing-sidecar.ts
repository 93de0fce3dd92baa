import { join } from 'node:path'
import type { Log } from '../progress.ts'
import type { ImageArchive } from './builder.ts'
import { buildOnNode } from './project.ts'

export const crashingSidecarTag = 'localhost/spark-nanny-sidecar:crashing'

/** A sidecar image whose process ends with 1 at once. */
export const buildCrashingSidecarImage = (log: Log): Promise<ImageArchive> =>
  buildOnNode(
    log,
    join(import.meta.dirname, 'crashing-sidecar.Dockerfile'),
    crashingSidecarTag,
    import.meta.dirname,
    [],
  )
