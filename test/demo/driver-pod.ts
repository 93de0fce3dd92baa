import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  serviceAccountTokenDir,
  sidecarEnv,
  sidecarPort,
  sparkConfDir,
  verdictDir,
} from '../../core/contract/pod-contract.ts'
import { decodePolicy, encodePolicy } from '../../core/settings/driver-policy.ts'
import type { Node } from './fake-kubelet/node.ts'
import type { Review } from './webhook-process.ts'

const captureDir = join(import.meta.dirname, '../data/admission')
const capturedId = 'spark-3dc6e91792d24f94a8b4c565a1d99489'
export const driverImage = 'localhost/spark:1'
export const sidecarImage = 'spark-nanny-sidecar:demo'

/** A driver of the demo, and the ports of this machine that replace the ports of its pod. */
export interface Driver {
  readonly name: string
  readonly applicationId: string
  readonly uiPort: number
  readonly statusPort: number
}

/** The captured AdmissionReview of a spark-submit driver, with its own id and with short intervals. */
export async function reviewOf(driver: Driver): Promise<Review> {
  const text = await readFile(join(captureDir, 'driver-pod.spark-submit.json'), 'utf8')
  const review = JSON.parse(text.replaceAll(capturedId, driver.applicationId).replaceAll('plain-pi', driver.name))
  review.request.object.metadata.annotations = {
    'spark-nanny.io/interval': '1s',
    'spark-nanny.io/timeout': '3s',
    'spark-nanny.io/frozen-deadline': '10s',
    'spark-nanny.io/unresponsive-deadline': '10s',
    'spark-nanny.io/ui-port': String(driver.uiPort),
  }
  return review
}

/** The captured AdmissionReview of a driver's headless Service. */
export async function serviceReview(): Promise<Review> {
  return JSON.parse(await readFile(join(captureDir, 'driver-service.spark-submit.json'), 'utf8'))
}

/** A node for one driver pod, with its volumes under `dir`. */
export async function nodeFor(driver: Driver, dir: string): Promise<Node> {
  await mkdir(join(dir, verdictDir), { recursive: true })
  await mkdir(join(dir, sparkConfDir), { recursive: true })
  await mkdir(join(dir, 'dev'), { recursive: true })
  await writeFile(join(dir, sparkConfDir, 'spark.properties'), `spark.app.name=${driver.name}\n`)
  return {
    images: {
      [driverImage]: {
        entrypoint: [
          process.execPath,
          join(import.meta.dirname, 'fake-driver.ts'),
          'org.apache.spark.deploy.SparkSubmit',
        ],
        adapt: (env) => ({ ...env, UI_PORT: String(driver.uiPort) }),
      },
      [sidecarImage]: {
        entrypoint: [process.execPath, join(import.meta.dirname, '../../sidecar/main.ts')],
        adapt: (env) => ({
          ...env,
          [sidecarEnv.root]: dir,
          [sidecarEnv.policy]: withStatusPort(env, driver.statusPort),
        }),
      },
    },
    mounts: {
      [verdictDir]: join(dir, verdictDir),
      [sparkConfDir]: join(dir, sparkConfDir),
      [serviceAccountTokenDir]: dir,
    },
    ports: { [sidecarPort]: driver.statusPort },
    logDir: dir,
  }
}

/** Two pods on one machine share its network, so each sidecar needs a port of its own instead of the contract's. */
function withStatusPort(env: Readonly<Record<string, string>>, statusPort: number): string {
  const decoded = decodePolicy(env[sidecarEnv.policy])
  if ('problem' in decoded) throw new Error(`the injected policy ${decoded.problem}`)
  return encodePolicy({ ...decoded.policy, statusPort })
}
