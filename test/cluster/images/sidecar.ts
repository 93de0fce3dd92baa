import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectDir } from '../paths.ts'
import type { Log } from '../progress.ts'
import { baseImagesOf, buildImage, type ImageArchive } from './builder.ts'
import { buildNodeBase } from './node-base.ts'

export const sidecarTag = 'localhost/spark-nanny-sidecar:test'

/** What of the project can decide the contents of its images. */
const inputs = ['package.json', 'package-lock.json', 'tsconfig.json', 'build.ts', 'core', 'sidecar', '.dockerignore']

/** Builds one of the project's own Dockerfiles, its public base images made locally. */
export const buildProjectImage = (
  log: Log,
  dockerfile: string,
  tag: string,
  context = projectDir,
  paths: readonly string[] = inputs,
): Promise<ImageArchive> =>
  buildImage(log, {
    tag,
    context,
    dockerfile,
    inputs: paths.map((path) => join(context, path)),
    prepare: async () => {
      for (const base of baseImagesOf(readFileSync(dockerfile, 'utf8'))) await buildNodeBase(log, base)
    },
  })

/** The sidecar image, from the Dockerfile.sidecar that is released. */
export const buildSidecarImage = (log: Log): Promise<ImageArchive> =>
  buildProjectImage(log, join(projectDir, 'Dockerfile.sidecar'), sidecarTag)
