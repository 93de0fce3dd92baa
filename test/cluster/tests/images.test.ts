import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import packageJson from '../../../package.json' with { type: 'json' }
import { type ImageContents, readArchive } from '../harness/images/archive.ts'
import { archiveFile } from '../harness/images/builder.ts'
import { sidecarTag, webhookTag } from '../harness/images/project.ts'

const images: Record<string, ImageContents> = {}
before(async () => {
  for (const tag of [sidecarTag, webhookTag]) images[tag] = await readArchive(archiveFile(tag))
})

const imageOf = (tag: string): ImageContents => {
  const image = images[tag]
  assert.ok(image, `no image ${tag}`)
  return image
}

/** Both images have the same base, so files in only one of them belong to that image. */
const ownLayers = (tag: string) => {
  const other = imageOf(tag === sidecarTag ? webhookTag : sidecarTag)
  return imageOf(tag).layers.filter(({ diffId }) => !other.layers.some((layer) => layer.diffId === diffId))
}

for (const [tag, bundle, others, limitBytes] of [
  [sidecarTag, 'sidecar.cjs', ['sbom.cdx.json'], 2 * 1024 ** 2],
  [webhookTag, 'webhook.cjs', ['sbom-controller.cdx.json', 'sbom.cdx.json', 'webhook-controller.cjs'], 2 * 1024 ** 2],
] as const) {
  describe(tag, () => {
    test('spark-nanny’s layers → hold only the bundles with their SBOMs, and are small', (context) => {
      const own = ownLayers(tag)
      const ownBytes = own.reduce((sum, { bytes }) => sum + bytes, 0)
      const allBytes = imageOf(tag).layers.reduce((sum, { bytes }) => sum + bytes, 0)
      context.diagnostic(
        `${tag}: own layers ${(ownBytes / 1024).toFixed(0)} KiB, with the base ${(allBytes / 1024 ** 2).toFixed(0)} MiB`,
      )
      assert.deepEqual(own.flatMap(({ files }) => files).toSorted(), [bundle, ...others].toSorted())
      assert.ok(ownBytes <= limitBytes, `${ownBytes} bytes`)
    })

    test('all layers → hold no shell, package manager, or node_modules', () => {
      const files = imageOf(tag).layers.flatMap((layer) => layer.files)
      const tools = /(^|\/)(sh|bash|dash|busybox|npm|npx|yarn|apt-get|dpkg)$|node_modules\//
      assert.deepEqual(
        files.filter((path) => tools.test(path)),
        [],
      )
    })

    test('the image configuration → runs Node as a numeric user and carries the OCI labels', () => {
      const { User, Entrypoint = [], Labels = {} } = imageOf(tag).config
      assert.match(User ?? '', /^[1-9]\d*$/)
      assert.deepEqual([Entrypoint.at(0), Entrypoint.at(-1)], ['/nodejs/bin/node', `/${bundle}`])
      const label = (name: string) => Labels[`org.opencontainers.image.${name}`]
      assert.equal(label('version'), packageJson.version)
      assert.equal(label('title'), tag.replace(/^.*\/|:.*$/g, ''))
      assert.ok(label('description') && label('licenses'))
    })
  })
}
