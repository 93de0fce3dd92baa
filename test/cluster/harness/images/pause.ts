import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { imagesDir } from '../paths.ts'
import type { Log } from '../progress.ts'
import { buildImage, type ImageArchive } from './builder.ts'

export const pauseTag = 'localhost/pause:1'

/** The image that holds a pod's namespaces: one static binary that sleeps. */
export const buildPauseImage = (log: Log): Promise<ImageArchive> => {
  const context = join(imagesDir, 'pause')
  mkdirSync(context, { recursive: true })
  const dockerfile = join(context, 'Dockerfile')
  writeFileSync(dockerfile, 'FROM scratch\nCOPY busybox /busybox\nENTRYPOINT ["/busybox", "sleep", "2147483647"]\n')
  const prepare = async () => cpSync('/bin/busybox', join(context, 'busybox'))
  return buildImage(log, { tag: pauseTag, context, dockerfile, inputs: ['/bin/busybox'], prepare })
}
