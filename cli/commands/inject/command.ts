import { Command, InvalidArgumentError, Option } from 'commander'
import { findNearestSpelling, type SettingKey, settingKeys, settings } from '../../../core/settings/settings.ts'
import type { CliIo } from '../../io/cli-io.ts'
import type { ExitCode } from '../../io/exit-codes.ts'
import { UsageError } from '../../options/usage-error.ts'
import { inject } from './inject.ts'
import type { InjectOptions, KubernetesVersion } from './options.ts'

/** The definition of `spark-nanny inject`. `end` gets the exit code of a call that was right. */
export function injectCommand(io: CliIo, version: string, end: (code: ExitCode) => void): Command {
  return new Command('inject')
    .description('Print manifests as the webhook would change them, or its answer to an AdmissionReview.')
    .usage('-f FILE [options]')
    .option('-f, --filename <FILE>', 'Pods, Services, Lists or an AdmissionReview, in YAML or JSON; - is stdin')
    .option('--application <FILE>', 'the SparkApplications that the pods belong to, in YAML or JSON')
    .option('--explain', 'print what is decided and each setting with where it came from, and no manifests')
    .addOption(
      new Option('-o, --output <FORM>', 'form of the explanation: text (as without it) or json').choices(forms),
    )
    .option('-n, --namespace <NAME>', 'namespace of manifests that name none', 'default')
    .addOption(
      new Option('--set <KEY=VALUE>', 'a setting as a chart value; can be given again')
        .argParser(parseSet)
        .default({}, 'none'),
    )
    .option('--sidecar-image <IMAGE>', 'image of the sidecar', `spark-nanny-sidecar:${version}`)
    .addOption(
      new Option('--kubernetes-version <VERSION>', 'what the API server and all nodes run; no cluster is asked')
        .argParser(parseKubernetesVersion)
        .default(parseKubernetesVersion('1.36'), '1.36'),
    )
    .addHelpText('after', helpText)
    .action(async (given: GivenOptions) => end(await inject(checked(given), version, io)))
}

const forms = ['text', 'json'] as const

type GivenOptions = Omit<InjectOptions, 'filename' | 'explain' | 'output'> & {
  readonly filename?: string
  readonly explain?: boolean
  readonly output?: InjectOptions['output']
}

/** What commander would check before it looks for unknown flags, which are the likelier slip. */
function checked({ filename, explain = false, output, ...rest }: GivenOptions): InjectOptions {
  if (filename === undefined) throw new UsageError('-f FILE is missing: what shall be injected?')
  if (output !== undefined && !explain) throw new UsageError('-o goes with --explain: manifests keep their own format')
  return { ...rest, filename, explain, output: output ?? 'text' }
}

const helpText = `
Exit codes: 0 done, 1 failed, 2 wrong call or a file that cannot be used. Warnings go to stderr.

Examples:
  spark-nanny inject -f driver-pod.yaml
  spark-nanny inject -f driver-pod.yaml --application spark-application.yaml --explain
  kubectl get pod DRIVER -o yaml | spark-nanny inject -f - --set restart=observe`

function parseSet(text: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [, key = '', value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (key === '') throw new InvalidArgumentError('It must be KEY=VALUE.')
  if (!isSettingKey(key)) {
    const nearest = findNearestSpelling(key, settingKeys)
    const hint = nearest === undefined ? `the keys are ${settingKeys.join(', ')}` : `did you mean ${nearest}?`
    throw new InvalidArgumentError(`${key} is no setting; ${hint}`)
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
    capabilities: { nativeSidecars: atLeast(29), restartAllContainers: atLeast(36), openShift: false },
  }
}
