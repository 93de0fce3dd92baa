import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectDir } from '../paths.ts'
import type { Log } from '../progress.ts'
import { baseImagesOf, buildImage, type ImageArchive } from './builder.ts'
import { buildNodeBase } from './node-base.ts'

export const sidecarTag = 'localhost/spark-nanny-sidecar:test'
export const webhookTag = 'localhost/spark-nanny-webhook:test'

/** What of the project can decide the contents of any of its images. */
const inputs = ['package.json', 'package-lock.json', 'build.ts', 'core', 'spark-ui', '.dockerignore']

/** Builds a Dockerfile whose public base images are built locally. It is rebuilt when a file of `paths` in `context` changes. */
export const buildOnNode = (
  log: Log,
  dockerfile: string,
  tag: string,
  context: string,
  paths: readonly string[],
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

/** The sidecar's image, from the Dockerfile that is released. */
export const buildSidecarImage = (log: Log): Promise<ImageArchive> =>
  buildOnNode(log, join(projectDir, 'Dockerfile.sidecar'), sidecarTag, projectDir, [...inputs, 'sidecar'])

/** The webhook's, likewise. */
export const buildWebhookImage = (log: Log): Promise<ImageArchive> =>
  buildOnNode(log, join(projectDir, 'Dockerfile.webhook'), webhookTag, projectDir, [
    ...inputs,
    'legacy',
    'admission',
    'certs',
    'cluster',
    'kubernetes',
    'webhook',
  ])
