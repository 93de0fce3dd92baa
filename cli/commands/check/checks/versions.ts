import type { CheckEvidence } from '../evidence.ts'
import { type Category, type CheckResult, notApplicable, ok, warning } from '../result.ts'
import { perInstallation } from './per-installation.ts'

export const versions: Category<CheckEvidence> = {
  name: 'versions',
  checks: [
    {
      id: 'version-cli',
      title: 'this command has the version of the webhook',
      hint: 'Different versions of the command and the webhook may not understand each other. Upgrade the older one.',
      judge: perInstallation(({ deployment }, { cliVersion }) =>
        compare(deployment.labels['app.kubernetes.io/version'], cliVersion, 'the webhook', 'this command'),
      ),
    },
    {
      id: 'version-webhook',
      title: 'the webhook’s image has the version of the chart',
      hint: 'image.tag differs from the appVersion of the chart. If this is intended, no action is required.',
      judge: perInstallation(({ deployment }) =>
        compare(parseTag(deployment.image), deployment.labels['app.kubernetes.io/version'], 'the image', 'the chart'),
      ),
    },
    {
      id: 'version-sidecar',
      title: 'the sidecar’s image has the version of the chart',
      hint: 'sidecar.image.tag differs from the appVersion of the chart. Different versions of the webhook and the sidecar may not understand each other.',
      judge: perInstallation(({ deployment: { env, labels } }) =>
        compare(
          parseTag(env.SPARK_NANNY_SIDECAR_IMAGE ?? ''),
          labels['app.kubernetes.io/version'],
          'the sidecar',
          'the chart',
        ),
      ),
    },
  ],
}

/** Undefined if the image has no tag: a digest does not reveal a version. */
function parseTag(image: string): string | undefined {
  return /:([\w][\w.-]*)$/.exec(image.split('@')[0]?.split('/').at(-1) ?? '')?.[1]
}

function compare(a: string | undefined, b: string | undefined, aName: string, bName: string): CheckResult {
  if (a === undefined || b === undefined) return notApplicable
  return a.replace(/^v/, '') === b.replace(/^v/, '') ? ok(a) : warning(`${aName} is ${a}, ${bName} is ${b}`)
}
