import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { imagesDir, projectDir } from '../paths.ts'
import { run } from '../processes.ts'
import type { Log } from '../progress.ts'
import { contentHash } from '../stamp.ts'
import { buildBaseImage } from './builder.ts'
import { makeRootfs, type Rootfs, rootfsRecipe } from './rootfs.ts'

const hostCertificates = '/etc/ssl/certs/ca-certificates.crt'
const certificates = 'etc/ssl/certs/ca-certificates.crt'

/** The contract of a distroless Node image: no shell, Node as entrypoint, user 65532. */
const runtimeRootfs: Rootfs = { variant: 'extract', packages: ['libstdc++6', 'libatomic1'] }
const runtimeDockerfile = `FROM scratch
ADD rootfs.tar /
COPY files /
ENV PATH=/nodejs/bin:/usr/bin:/bin SSL_CERT_FILE=/${certificates}
USER 65532:65532
WORKDIR /home/nonroot
ENTRYPOINT ["/nodejs/bin/node"]
`

/** The contract of a Debian Node image: shell, node, npm, root. */
const buildRootfs: Rootfs = { variant: 'minbase', packages: ['libstdc++6', 'libatomic1', 'ca-certificates'] }
const buildDockerfile = `FROM scratch
ADD rootfs.tar /
COPY files /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin NODE_EXTRA_CA_CERTS=/${certificates}
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx
CMD ["node"]
`

const nodeBinary = (): string => {
  const path = join(projectDir, 'node_modules/node/bin/node')
  if (!existsSync(path)) throw new Error("npm's node package is not installed: run npm ci first")
  return realpathSync(path)
}

const nodeVersion = (): string => {
  const manifest: { version?: string } = JSON.parse(
    readFileSync(join(projectDir, 'node_modules/node/package.json'), 'utf8'),
  )
  return manifest.version ?? ''
}

const passwd = 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n'
const group = 'root:x:0:\nnonroot:x:65532:\n'

const runtimeFiles = (files: string): void => {
  for (const folder of ['nodejs/bin', 'etc/ssl/certs', 'home/nonroot', 'tmp']) {
    mkdirSync(join(files, folder), { recursive: true })
  }
  cpSync(nodeBinary(), join(files, 'nodejs/bin/node'))
  cpSync(hostCertificates, join(files, certificates))
  writeFileSync(join(files, 'etc/passwd'), passwd)
  writeFileSync(join(files, 'etc/group'), group)
}

const buildFiles = async (files: string): Promise<void> => {
  const globalModules = (await run('npm', ['root', '-g'])).stdout.trim()
  for (const folder of ['usr/local/bin', 'usr/local/lib/node_modules', 'usr/local/etc', 'etc/ssl/certs']) {
    mkdirSync(join(files, folder), { recursive: true })
  }
  cpSync(nodeBinary(), join(files, 'usr/local/bin/node'))
  cpSync(join(globalModules, 'npm'), join(files, 'usr/local/lib/node_modules/npm'), { recursive: true })
  // A build on this machine trusts what the machine trusts: its npm may go through a proxy of its own.
  cpSync(hostCertificates, join(files, certificates))
  writeFileSync(join(files, 'usr/local/etc/npmrc'), `cafile=/${certificates}\nfund=false\naudit=false\n`)
}

/**
 * Makes a local stand-in, under its very name, for a public Node base image: no registry of images can be reached.
 * A name with `distroless` is taken for a runtime image, any other for a build image.
 */
export const buildNodeBase = async (log: Log, tag: string): Promise<void> => {
  const runtime = tag.includes('distroless')
  const rootfs = runtime ? runtimeRootfs : buildRootfs
  const dockerfileText = runtime ? runtimeDockerfile : buildDockerfile
  const hash = contentHash([tag, dockerfileText, nodeVersion(), ...rootfsRecipe(rootfs)], [import.meta.filename])
  await buildBaseImage(log, tag, hash, async () => {
    const context = mkdtempSync(join(imagesDir, 'context-'))
    const files = join(context, 'files')
    await makeRootfs(rootfs, join(context, 'rootfs.tar'))
    if (runtime) runtimeFiles(files)
    else await buildFiles(files)
    const dockerfile = join(context, 'Dockerfile')
    writeFileSync(dockerfile, dockerfileText)
    return { context, dockerfile }
  })
}
