import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { imagesDir } from '../paths.ts'
import { run } from '../processes.ts'
import { type Log, step } from '../progress.ts'
import { contentHash, once } from '../stamp.ts'

/** An image as a file that containerd can import. */
export interface ImageArchive {
  readonly tag: string
  readonly file: string
  /** Changes when the contents change. */
  readonly hash: string
}

export interface ImageRecipe {
  readonly tag: string
  readonly context: string
  readonly dockerfile: string
  /** Files and folders whose contents decide the image; beside them the Dockerfile and `recipe`. */
  readonly inputs: readonly string[]
  readonly recipe?: readonly string[]
  /** Makes what the build needs (base images, files of the context); called only when the image is to be built. */
  readonly prepare?: () => Promise<void>
}

const storage = join(imagesDir, 'storage')
const storageArgs = ['--root', storage, '--runroot', join(imagesDir, 'runroot'), '--storage-driver', 'overlay']

const slug = (tag: string): string => tag.replaceAll(/[^A-Za-z0-9.]+/g, '-')

/** Where the archive of an image of that tag lies once it is built. */
export const archiveFile = (tag: string): string => join(imagesDir, `${slug(tag)}.tar`)

const bud = (tag: string, context: string, dockerfile: string): Promise<unknown> =>
  run('buildah', [
    ...storageArgs,
    'bud',
    '--isolation=chroot',
    '--network=host',
    '--pull=never',
    '--layers',
    '--force-rm',
    '--quiet',
    '--tag',
    tag,
    '--file',
    dockerfile,
    context,
  ])

/** Builds a base image of other Dockerfiles. It is rebuilt when `hash` changes. */
export const buildBaseImage = async (
  log: Log,
  tag: string,
  hash: string,
  prepare: () => Promise<{ context: string; dockerfile: string }>,
): Promise<void> => {
  const stamp = join(imagesDir, `${slug(tag)}.stamp`)
  await once(stamp, hash, [storage], () =>
    step(log, `base image ${tag}`, async () => {
      const { context, dockerfile } = await prepare()
      await bud(tag, context, dockerfile)
      rmSync(context, { recursive: true, force: true })
      // What stood on the former base. Not after every build: the layers without a name make the next one quick.
      await run('buildah', [...storageArgs, 'rm', '--all'])
      await run('buildah', [...storageArgs, 'rmi', '--prune'])
    }),
  )
}

/** Builds an image from a Dockerfile, unless the same was built before, and gives it as an archive. */
export const buildImage = async (log: Log, recipe: ImageRecipe): Promise<ImageArchive> => {
  const { tag, context, dockerfile, inputs } = recipe
  const hash = contentHash([tag, ...(recipe.recipe ?? [])], [dockerfile, ...inputs])
  const file = archiveFile(tag)
  mkdirSync(imagesDir, { recursive: true })
  await once(join(imagesDir, `${slug(tag)}.stamp`), hash, [file], async () => {
    await recipe.prepare?.()
    await step(log, `image ${tag}`, async () => {
      await bud(tag, context, dockerfile)
      rmSync(file, { force: true })
      await run('buildah', [...storageArgs, 'push', '--quiet', tag, `docker-archive:${file}:${tag}`])
    })
  })
  return { tag, file, hash }
}

/** The images a Dockerfile starts from, its own stages and `scratch` left out, defaults of ARG filled in. */
export const baseImagesOf = (dockerfile: string): string[] => {
  const args = new Map<string, string>()
  const stages = new Set<string>(['scratch'])
  const bases: string[] = []
  for (const line of dockerfile.split('\n')) {
    const arg = /^\s*ARG\s+(\w+)=["']?([^"'\s]*)/i.exec(line)
    if (arg?.[1] && arg[2] !== undefined) args.set(arg[1], arg[2])
    const from = /^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?/i.exec(line)
    if (!from?.[1]) continue
    const name = from[1].replaceAll(/\$\{?(\w+)\}?/g, (_, key: string) => args.get(key) ?? '')
    if (!stages.has(name) && !bases.includes(name)) bases.push(name)
    if (from[2]) stages.add(from[2])
  }
  return bases
}
