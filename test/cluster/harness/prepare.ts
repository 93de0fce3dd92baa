import { buildBinaries } from './binaries.ts'
import type { ImageArchive } from './images/builder.ts'
import { buildCrashingSidecarImage } from './images/crashing-sidecar.ts'
import { buildPauseImage } from './images/pause.ts'
import { buildSidecarImage, buildWebhookImage } from './images/project.ts'
import { up } from './kubernetes/lifecycle.ts'
import { installPackages } from './packages.ts'
import { type Log, step } from './progress.ts'
import { buildSparkImage, fetchJars } from './spark/image.ts'

const buildImages = async (log: Log): Promise<ImageArchive[]> => [
  await buildPauseImage(log),
  await buildSparkImage(log, '4.0.1'),
  await buildSparkImage(log, '3.5.7'),
  await buildSidecarImage(log),
  await buildCrashingSidecarImage(log),
  await buildWebhookImage(log),
]

/** Prepares a running cluster. Each part is built only if it is missing or its recipe has changed. */
export const prepareAndStart = async (log: Log): Promise<void> => {
  await step(log, 'packages', () => installPackages(log))
  // The download waits for the network, the Go builds for the processors.
  const [, images] = await Promise.all([
    step(log, 'binaries', () => buildBinaries(log)),
    Promise.all([fetchJars(log, '4.0.1'), fetchJars(log, '3.5.7')]).then(() =>
      step(log, 'images', () => buildImages(log)),
    ),
  ])
  await up(log, images)
}
