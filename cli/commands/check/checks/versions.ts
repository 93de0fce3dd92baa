import type { CheckEvidence } from '../evidence.ts'
import { type Category, type CheckResult, notApplicable, ok, warning } from '../result.ts'
import { perInstallation } from './per-installation.ts'

export const versions: Category<CheckEvidence> = {
  name: 'versions',
  checks: [
    {
      id: 'version-cli',
      title: 'this command and the webhook are of the same version',
      hint: 'An older command may not know what a newer webhook does, and the other way round. Upgrade the older one.',
      judge: perInstallation(({ deployment }, { cliVersion }) =>
        compare(deployment.labels['app.kubernetes.io/version'], cliVersion, 'the webhook', 'this command'),
      ),
    },
    {
      id: 'version-webhook',
      title: 'the webhook’s image is of the chart’s version',
      hint: 'image.tag of the chart says otherwise than its appVersion. That may be on purpose.',
      judge: perInstallation(({ deployment }) =>
        compare(tagOf(deployment.image), deployment.labels['app.kubernetes.io/version'], 'the image', 'the chart'),
      ),
    },
    {
      id: 'version-sidecar',
      title: 'the sidecar’s image is of the chart’s version',
      hint: 'sidecar.image.tag of the chart says otherwise than its appVersion. Webhook and sidecar of different versions may not understand each other.',
      judge: perInstallation(({ deployment: { env, labels } }) =>
        compare(
          tagOf(env.SPARK_NANNY_SIDECAR_IMAGE ?? ''),
          labels['app.kubernetes.io/version'],
          'the sidecar',
          'the chart',
        ),
      ),
    },
  ],
}

/** Null where there is none; a digest says nothing of a version. */
function tagOf(image: string): string | undefined {
  return /:([\w][\w.-]*)$/.exec(image.split('@')[0]?.split('/').at(-1) ?? '')?.[1]
}

function compare(a: string | undefined, b: string | undefined, aName: string, bName: string): CheckResult {
  if (a === undefined || b === undefined) return notApplicable
  return a.replace(/^v/, '') === b.replace(/^v/, '') ? ok(a) : warning(`${aName} is ${a}, ${bName} ${b}`)
}
