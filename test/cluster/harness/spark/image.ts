import { cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildBaseImage, buildImage, type ImageArchive } from '../images/builder.ts'
import { makeRootfs, type Rootfs, rootfsRecipe } from '../images/rootfs.ts'
import { imagesDir, sparkDir } from '../paths.ts'
import { run } from '../processes.ts'
import { type Log, step } from '../progress.ts'
import { contentHash, once } from '../stamp.ts'

/** The versions of Spark that the tests run: the one of most tests, and the last of 3.x, which most clusters run. */
export type SparkVersion = '4.0.1' | '3.5.7'

export const tagOfSpark = (version: SparkVersion): string => `localhost/spark:${version}`
export const sparkTag = tagOfSpark('4.0.1')
/** Where the test application lies in the image. */
export const applicationJar = 'local:///opt/spark/app/app.jar'

/** What belongs to one version: its jars, its Python side, the compiled application and the class archive of its SparkSubmit. */
export const dirOfSpark = (version: SparkVersion): string => join(sparkDir, version)
export const jarsOfSpark = (version: SparkVersion): string => join(dirOfSpark(version), 'jars')
/** Empty for Spark 4, whose Maven packages do not have it. */
const pythonOfSpark = (version: SparkVersion): string => join(dirOfSpark(version), 'python')

const here = import.meta.dirname
const baseTag = 'localhost/spark-nanny-spark-base:latest'
const rootfs: Rootfs = {
  variant: 'minbase',
  packages: ['openjdk-17-jre-headless', 'tini', 'procps', 'bash', 'python3'],
}
const baseDockerfile = `FROM scratch
ADD rootfs.tar /
RUN groupadd --gid 185 spark && useradd --uid 185 --gid 185 --no-create-home --home-dir /opt/spark spark \\
  && mkdir -p /opt/spark/work-dir /opt/spark/conf /opt/spark/app && chown -R 185:185 /opt/spark
`

/** Fetches the jars of Spark 4, as a project that depends on Spark gets them. */
const fetchFromMaven = async (version: SparkVersion, pom: string, goal: string): Promise<void> => {
  const target = join(dirOfSpark(version), 'target')
  const args = ['-B', '-q', '-f', pom, goal, '-DincludeScope=runtime', `-DoutputDirectory=${jarsOfSpark(version)}`]
  // The project folder stays clean: Maven would make a target folder beside the pom.
  await run('mvn', [...args, `-DbuildDirectory=${target}`])
}

/** Fetches Spark 3 from the Python package, because its Kubernetes module is nowhere else. */
const fetchFromPython = async (version: SparkVersion): Promise<void> => {
  const download = join(dirOfSpark(version), 'download')
  rmSync(download, { recursive: true, force: true })
  mkdirSync(download, { recursive: true })
  await run('pip3', ['download', '--quiet', '--no-deps', '--dest', download, `pyspark==${version}`])
  const folder = `pyspark-${version}`
  const parts = [`${folder}/deps/jars`, `${folder}/lib`]
  await run('tar', ['-xzf', join(download, `${folder}.tar.gz`), '-C', download, ...parts])
  renameSync(join(download, folder, 'deps/jars'), jarsOfSpark(version))
  renameSync(join(download, folder, 'lib'), join(pythonOfSpark(version), 'lib'))
  rmSync(download, { recursive: true, force: true })
}

/** Fetches Spark's jars; the host needs them too, for its own SparkSubmit. */
export const fetchJars = async (log: Log, version: SparkVersion): Promise<void> => {
  const pom = join(here, 'pom.xml')
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies'
  const jars = jarsOfSpark(version)
  const python = pythonOfSpark(version)
  const hash = version === '4.0.1' ? contentHash([goal], [pom]) : contentHash([`pyspark ${version}`])
  await once(join(dirOfSpark(version), 'jars.stamp'), hash, [jars, python], () =>
    step(log, `jars of Spark ${version}`, async () => {
      rmSync(jars, { recursive: true, force: true })
      rmSync(python, { recursive: true, force: true })
      mkdirSync(python, { recursive: true })
      await (version === '4.0.1' ? fetchFromMaven(version, pom, goal) : fetchFromPython(version))
    }),
  )
}

const compileApplication = async (version: SparkVersion): Promise<void> => {
  const classes = join(dirOfSpark(version), 'classes')
  rmSync(classes, { recursive: true, force: true })
  mkdirSync(classes, { recursive: true })
  const jars = join(jarsOfSpark(version), '*')
  await run('javac', ['--release', '17', '-nowarn', '-cp', jars, '-d', classes, join(here, 'App.java')])
  await run('jar', ['--create', '--file', join(dirOfSpark(version), 'app.jar'), '-C', classes, '.'])
}

/** The Spark image with the test application in it. */
export const buildSparkImage = async (log: Log, version: SparkVersion): Promise<ImageArchive> => {
  await fetchJars(log, version)
  const prepare = async () => {
    const hash = contentHash([baseDockerfile, ...rootfsRecipe(rootfs)])
    await buildBaseImage(log, baseTag, hash, async () => {
      const context = mkdtempSync(join(imagesDir, 'context-'))
      await makeRootfs(rootfs, join(context, 'rootfs.tar'))
      const dockerfile = join(context, 'Dockerfile')
      writeFileSync(dockerfile, baseDockerfile)
      return { context, dockerfile }
    })
    await step(log, `compile the test application for Spark ${version}`, () => compileApplication(version))
    for (const name of ['entrypoint.sh', 'app.py']) cpSync(join(here, name), join(dirOfSpark(version), name))
  }
  return buildImage(log, {
    tag: tagOfSpark(version),
    context: dirOfSpark(version),
    dockerfile: join(here, 'Dockerfile'),
    inputs: ['App.java', 'app.py', 'entrypoint.sh'].map((name) => join(here, name)),
    recipe: [baseDockerfile, ...rootfsRecipe(rootfs), ...readdirSync(jarsOfSpark(version)).sort()],
    prepare,
  })
}
