import { existsSync, readFileSync, rmSync } from 'node:fs'
import { run } from '../processes.ts'

const suite = 'bookworm'
const hostSources = '/etc/apt/sources.list.d/debian.sources'

export interface Rootfs {
  readonly packages: readonly string[]
  /** extract: the packages' files and nothing more, no shell, no package manager. */
  readonly variant: 'minbase' | 'extract'
}

/** What decides the contents of a root file system, for a content hash. */
export const rootfsRecipe = ({ packages, variant }: Rootfs): string[] => [suite, variant, ...packages]

/** Makes a Debian root file system as a tar file, from the machine's own package source where it is of that suite. */
export const makeRootfs = async ({ packages, variant }: Rootfs, tarFile: string): Promise<void> => {
  // Not the manual pages: update-alternatives of the JRE fails without their folders.
  const excluded = ['doc', 'info', 'locale'].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`)
  const sameSuite = existsSync(hostSources) && readFileSync(hostSources, 'utf8').includes(suite)
  rmSync(tarFile, { force: true })
  await run('mmdebstrap', [
    '--quiet',
    '--mode=root',
    `--variant=${variant}`,
    `--include=${packages.join(',')}`,
    ...excluded,
    '--dpkgopt=force-unsafe-io',
    suite,
    tarFile,
    ...(sameSuite ? [hostSources] : []),
  ])
}
