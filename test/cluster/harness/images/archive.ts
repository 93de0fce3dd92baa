import { run } from '../processes.ts'

/** The metadata of an image in an image archive (docker-archive). */
export interface ImageContents {
  readonly config: {
    readonly User?: string
    readonly Entrypoint?: readonly string[]
    readonly Env?: readonly string[]
    readonly Labels?: Readonly<Record<string, string>>
  }
  /** The oldest first. */
  readonly layers: readonly ImageLayer[]
}

export interface ImageLayer {
  readonly diffId: string
  readonly bytes: number
  /** Paths without a leading slash. */
  readonly files: readonly string[]
}

const tar = async (...args: readonly string[]): Promise<string> => (await run('tar', args)).stdout

const layerOf = async (archive: string, name: string, diffId: string): Promise<ImageLayer> => {
  const [, , size] = (await tar('-tvf', archive, name)).split(/\s+/)
  const listing = await run('bash', ['-c', 'tar -xOf "$0" "$1" | tar -t', archive, name])
  const files = listing.stdout.split('\n').filter((path) => path !== '' && !path.endsWith('/'))
  return { diffId, bytes: Number(size), files: files.map((path) => path.replace(/^\.?\//, '')) }
}

/** Reads an image archive; nothing is unpacked. */
export const readArchive = async (archive: string): Promise<ImageContents> => {
  const [manifest] = JSON.parse(await tar('-xOf', archive, 'manifest.json'))
  const { config, rootfs } = JSON.parse(await tar('-xOf', archive, manifest.Config))
  const layers: ImageLayer[] = []
  for (const [index, name] of (manifest.Layers as string[]).entries()) {
    layers.push(await layerOf(archive, name, rootfs.diff_ids[index]))
  }
  return { config, layers }
}
