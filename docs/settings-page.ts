import { domain, injectLabel } from '../core/contract/pod-contract.ts'
import { type Setting, type SettingKey, settingKeys, settings } from '../core/settings/settings.ts'
import { cell, table } from './markdown.ts'

/** docs/settings.md, whole: the table of core/settings/settings.ts as a page for the owners of Spark applications. */
export function settingsPage(): string {
  return `${[heading, quickTable(), ...settingKeys.map(section), whereToWrite, afterwards].join('\n\n')}\n`
}

/** The default as it would be written in an annotation. */
export function spelledDefault(key: SettingKey): string {
  const setting: Setting<unknown> = settings[key]
  return setting.format(setting.default)
}

const heading = `<!-- Generated from core/settings/settings.ts by \`npm run docs\`. Do not edit. -->
# Settings

A namespace opts in by its label:

\`\`\`sh
kubectl label namespace NAMESPACE ${injectLabel}=enabled
\`\`\`

From then on each new Spark driver pod in it is watched with the defaults below, and there is nothing more to write.
Each setting is an annotation \`${domain}/<key>\`. [Where to write it](#where-to-write-a-setting) is below the list.

Durations carry their unit: \`500ms\`, \`30s\`, \`10m\`, \`1h30m\`, \`7d\`.`

function quickTable(): string {
  return table([
    ['key', 'default', 'meaning'],
    ...settingKeys.map((key) => [`[\`${key}\`](#${key})`, `\`${spelledDefault(key)}\``, cell(summary(key))]),
  ])
}

function section(key: SettingKey): string {
  const { type, form, description } = settings[key]
  return `## \`${key}\`

${description}

- Annotation: \`${domain}/${key}\`
- Type: ${type}; must be ${form}
- Default: \`${spelledDefault(key)}\``
}

const whereToWrite = `## Where to write a setting

From the strongest to the weakest; each key is looked up on its own:

1. **The driver pod**, annotation \`${domain}/<key>\`. Spark writes it there for
   \`--conf spark.kubernetes.driver.annotation.${domain}/<key>=<value>\`; the kubeflow operator also for
   \`spec.driver.annotations\`.
2. **The SparkApplication** (\`sparkoperator.k8s.io/v1beta2\` or \`spark.apache.org/v1\`), the same annotation under its
   \`metadata.annotations\`.
3. **The chart's values**, for all drivers of the cluster.
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

To leave one application of a labelled namespace alone:

\`\`\`yaml
metadata:
  annotations:
    ${domain}/inject: "false"
\`\`\`

An annotation is a string: quote \`"true"\`, \`"false"\` and numbers in YAML.`

const afterwards = `## What if it is wrong

A bad value or a misspelt key never blocks a job. The next weaker source holds for that key, and an admission warning
names the key, the value, the right form and the nearest right spelling. Settings are read when the pod is created; a
change holds for the next driver. \`pending-deadline\`, \`image-pull-deadline\` and \`container-creating-deadline\` are read by
[the controller](controller.md#drivers-that-are-stuck), as they are then.

To see what a driver would get, and where each value came from, without a cluster:

\`\`\`sh
npm run -s spark-nanny -- inject -f driver-pod.yaml --application spark-application.yaml --explain
\`\`\``

/** The first sentence of the description. */
function summary(key: SettingKey): string {
  const { description } = settings[key]
  return /^.*?\.(?= |$)/.exec(description)?.[0] ?? description
}
