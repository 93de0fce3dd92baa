import { domain, injectLabel } from '../core/contract/pod-contract.ts'
import { type Setting, type SettingKey, settingKeys, settings } from '../core/settings/settings.ts'
import { escapeCell, formatTable } from './markdown.ts'

/** Returns the whole docs/settings.md: the settings of core/settings/settings.ts, for the owners of Spark applications. */
export function renderSettingsPage(): string {
  return `${[heading, renderSummaryTable(), ...settingKeys.map(renderSetting), whereToWrite, afterwards].join('\n\n')}\n`
}

/** The default of a setting, as written in an annotation. */
export function formatDefault(key: SettingKey): string {
  const setting: Setting<unknown> = settings[key]
  return setting.format(setting.default)
}

const heading = `<!-- Generated from core/settings/settings.ts by \`npm run docs\`. Do not edit. -->
# Settings

To protect the drivers of a namespace, label it:

\`\`\`sh
kubectl label namespace NAMESPACE ${injectLabel}=enabled
\`\`\`

Every driver pod that is created from then on gets a sidecar with the defaults below, unless the webhook is unavailable or
skips the pod. To change a default, set the annotation \`${domain}/<key>\`; see [where to set it](#where-to-set-a-setting).

Durations have a unit: \`500ms\`, \`30s\`, \`10m\`, \`1h30m\`, \`7d\`.`

function renderSummaryTable(): string {
  return formatTable([
    ['key', 'default', 'description'],
    ...settingKeys.map((key) => [
      `[\`${key}\`](#${key})`,
      `\`${formatDefault(key)}\``,
      escapeCell(findFirstSentence(key)),
    ]),
  ])
}

function renderSetting(key: SettingKey): string {
  const { type, form, description } = settings[key]
  return `## \`${key}\`

${description}

- Annotation: \`${domain}/${key}\`
- Type: ${type}; must be ${form}
- Default: \`${formatDefault(key)}\``
}

const whereToWrite = `## Where to set a setting

The sources in order of precedence. Each key is resolved separately:

1. **The driver pod**: the annotation \`${domain}/<key>\`. Spark sets it from
   \`--conf spark.kubernetes.driver.annotation.${domain}/<key>=<value>\`. The kubeflow operator also sets it from
   \`spec.driver.annotations\`.
2. **The SparkApplication** (\`sparkoperator.k8s.io/v1beta2\` or \`spark.apache.org/v1\`): the same annotation in its
   \`metadata.annotations\`.
3. **The chart's values**: \`sidecar.settings\`, for all drivers of the cluster.
4. **The default.**

On a SparkApplication:

\`\`\`yaml
apiVersion: sparkoperator.k8s.io/v1beta2
kind: SparkApplication
metadata:
  name: nightly
  annotations:
    ${domain}/restart: resubmit
    ${domain}/stall-deadline: 45m
\`\`\`

With plain spark-submit:

\`\`\`sh
spark-submit \\
  --conf spark.kubernetes.driver.annotation.${domain}/interval=10s \\
  --conf spark.kubernetes.driver.annotation.${domain}/failure-threshold=5 \\
  …
\`\`\`

To opt an application of a labelled namespace out:

\`\`\`yaml
metadata:
  annotations:
    ${domain}/inject: "false"
\`\`\`

Annotations are strings: quote \`"true"\`, \`"false"\` and numbers in YAML.`

const afterwards = `## Invalid settings

An invalid value or an unknown key never blocks a job. The source with the next lower precedence applies to that key. An
admission warning names the key, the value, the valid form and the most similar valid key.

Settings are read when the pod is created, so a change applies to the next driver. The exceptions are \`pending-deadline\`,
\`image-pull-deadline\` and \`container-creating-deadline\`: [the controller](controller.md#drivers-that-are-stuck) uses their
current values.

To see the settings of a driver and the source of each value without a cluster:

\`\`\`sh
npm run -s spark-nanny -- inject -f driver-pod.yaml --application spark-application.yaml --explain
\`\`\``

/** The first sentence of the description. */
function findFirstSentence(key: SettingKey): string {
  const { description } = settings[key]
  return /^.*?\.(?= |$)/.exec(description)?.[0] ?? description
}
