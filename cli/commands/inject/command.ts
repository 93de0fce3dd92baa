import { Command, InvalidArgumentError, Option } from 'commander'
import { findNearestSpelling, type SettingKey, settingKeys, settings } from '../../../core/settings/settings.ts'
import type { CliIo } from '../../io/cli-io.ts'
import type { ExitCode } from '../../io/exit-codes.ts'
import { UsageError } from '../../options/usage-error.ts'
import { inject } from './inject.ts'
import type { InjectOptions, KubernetesVersion } from './options.ts'

/** Defines `spark-nanny inject`. `end` receives the exit code if the command line was valid. */
export function injectCommand(io: CliIo, version: string, end: (code: ExitCode) => void): Command {
  return new Command('inject')
    .description('Print manifests as the webhook would change them, or its response to an AdmissionReview.')
    .usage('FILE [options]')
    .argument('[FILE]', 'Pods, Services, Lists or an AdmissionReview, in YAML or JSON; - reads stdin')
    .option('-f, --filename <FILE>', 'File to change, instead of the argument')
    .option('--application <FILE>', 'SparkApplications of the pods, in YAML or JSON')
    .option(
      '--explain',
      'Print the decision and its reasons instead of manifests, also for Deployments, Jobs and SparkApplications',
    )
    .addOption(
      new Option('-o, --output <FORM>', 'Output format of --explain. One of: text, json (default: text)').choices(
        forms,
      ),
    )
    .option('-n, --namespace <NAME>', 'Namespace of manifests that do not set one', 'default')
    .addOption(
      new Option('--set <KEY=VALUE>', 'Setting as in the chart values; may be repeated')
        .argParser(parseSet)
        .default({}, 'none'),
    )
    .option('--sidecar-image <IMAGE>', 'Image of the sidecar', `spark-nanny/sidecar:${version}`)
    .addOption(
      new Option(
        '--kubernetes-version <VERSION>',
        'Kubernetes version of the API server and all nodes; no cluster is contacted',
      )
        .argParser(parseKubernetesVersion)
        .default(parseKubernetesVersion('1.36'), '1.36'),
    )
    .addHelpText('after', helpText)
    .action(async (file: string | undefined, options: RawOptions) =>
      end(await inject(validateOptions(file, options), version, io)),
    )
}

const forms = ['text', 'json'] as const

type RawOptions = Omit<InjectOptions, 'filename' | 'explain' | 'output'> & {
  readonly filename?: string
  readonly explain?: boolean
  readonly output?: InjectOptions['output']
}

/** Checks what commander would check before it reports unknown flags, which are the more likely mistake. */
function validateOptions(
  file: string | undefined,
  { filename = file, explain = false, output, ...rest }: RawOptions,
): InjectOptions {
  if (filename === undefined) throw new UsageError('FILE is required')
  if (file !== undefined && filename !== file) throw new UsageError('specify only one FILE')
  if (output !== undefined && !explain) throw new UsageError('-o requires --explain; manifests keep their format')
  return { ...rest, filename, explain, output: output ?? 'text' }
}

const helpText = `
Warnings are written to stderr.

Exit codes:
  0  success
  1  the admission failed because of a bug
  2  usage error, or a file that cannot be used

Examples:
  spark-nanny inject driver-pod.yaml
  spark-nanny inject driver-pod.yaml --application spark-application.yaml --explain
  spark-nanny inject spark-application.yaml --explain
  kubectl get pod DRIVER -o yaml | spark-nanny inject -f - --set restart=observe`

function parseSet(text: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [, key = '', value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (key === '') throw new InvalidArgumentError('It must be KEY=VALUE.')
  if (!isSettingKey(key)) {
    const nearest = findNearestSpelling(key, settingKeys)
    const hint = nearest === undefined ? `the settings are ${settingKeys.join(', ')}` : `did you mean ${nearest}?`
    throw new InvalidArgumentError(`${key} is not a setting; ${hint}`)
  }
  if (settings[key].parse(value.trim()) === undefined) {
    throw new InvalidArgumentError(`${key} must be ${settings[key].form}.`)
  }
  return { ...before, [key]: value }
}

function isSettingKey(key: string): key is SettingKey {
  return Object.hasOwn(settings, key)
}

function parseKubernetesVersion(text: string): KubernetesVersion {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(text) ?? []
  if (major === undefined || minor === undefined) throw new InvalidArgumentError('It must be a version such as 1.36.')
  const atLeast = (wanted: number) => Number(major) > 1 || (major === '1' && Number(minor) >= wanted)
  return {
    text,
    capabilities: {
      nativeSidecars: atLeast(29),
      restartAllContainers: atLeast(36),
      containerRestartRules: atLeast(35),
      openShift: false,
    },
  }
}
