import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildBaseImage, buildImage, type ImageArchive } from '../images/builder.ts'
import { makeRootfs, type Rootfs, rootfsRecipe } from '../images/rootfs.ts'
import { imagesDir, sparkDir } from '../paths.ts'
import { run } from '../processes.ts'
import { type Log, step } from '../progress.ts'
import { contentHash, once } from '../stamp.ts'

export const sparkTag = 'localhost/spark:4.0.1'
/** Where the test application lies in the image. */
export const applicationJar = 'local:///opt/spark/app/app.jar'
export const jarsDir = join(sparkDir, 'jars')

const here = import.meta.dirname
const baseTag = 'localhost/spark-nanny-spark-base:latest'
const rootfs: Rootfs = { variant: 'minbase', packages: ['openjdk-17-jre-headless', 'tini', 'procps', 'bash'] }
const baseDockerfile = `FROM scratch
ADD rootfs.tar /
RUN groupadd --gid 185 spark && useradd --uid 185 --gid 185 --no-create-home --home-dir /opt/spark spark \\
  && mkdir -p /opt/spark/work-dir /opt/spark/conf /opt/spark/app && chown -R 185:185 /opt/spark
`

/** Fetches Spark's jars; the host needs them too, for its own SparkSubmit. */
export const fetchJars = async (log: Log): Promise<void> => {
  const pom = join(here, 'pom.xml')
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies'
  await once(join(sparkDir, 'jars.stamp'), contentHash([goal], [pom]), [jarsDir], () =>
    step(log, 'Spark jars', async () => {
      rmSync(jarsDir, { recursive: true, force: true })
      const args = ['-B', '-q', '-f', pom, goal, '-DincludeScope=runtime', `-DoutputDirectory=${jarsDir}`]
      // The project folder stays clean: Maven would make a target folder beside the pom.
      await run('mvn', [...args, `-DbuildDirectory=${join(sparkDir, 'target')}`])
    }),
  )
}

const compileApplication = async (): Promise<void> => {
  const classes = join(sparkDir, 'classes')
  rmSync(classes, { recursive: true, force: true })
  mkdirSync(classes, { recursive: true })
  await run('javac', ['--release', '17', '-nowarn', '-cp', join(jarsDir, '*'), '-d', classes, join(here, 'App.java')])
  await run('jar', ['--create', '--file', join(sparkDir, 'app.jar'), '-C', classes, '.'])
}

/** The Spark image with the test application in it. */
export const buildSparkImage = async (log: Log): Promise<ImageArchive> => {
  await fetchJars(log)
  const prepare = async () => {
    const hash = contentHash([baseDockerfile, ...rootfsRecipe(rootfs)])
    await buildBaseImage(log, baseTag, hash, async () => {
      const context = mkdtempSync(join(imagesDir, 'context-'))
      await makeRootfs(rootfs, join(context, 'rootfs.tar'))
      const dockerfile = join(context, 'Dockerfile')
      writeFileSync(dockerfile, baseDockerfile)
      return { context, dockerfile }
    })
    await step(log, 'compile the test application', compileApplication)
    cpSync(join(here, 'entrypoint.sh'), join(sparkDir, 'entrypoint.sh'))
  }
  return buildImage(log, {
    tag: sparkTag,
    context: sparkDir,
    dockerfile: join(here, 'Dockerfile'),
    inputs: [join(here, 'App.java'), join(here, 'entrypoint.sh')],
    recipe: [baseDockerfile, ...rootfsRecipe(rootfs), ...readdirSync(jarsDir).sort()],
    prepare,
  })
}
