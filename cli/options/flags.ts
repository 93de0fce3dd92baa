import { type Command, Option } from 'commander'

/** Adds the flags that select a cluster and a namespace, named like those of kubectl. */
export function withConnectionFlags(command: Command, namespaceText: string): Command {
  return command
    .option('-n, --namespace <NAME>', namespaceText)
    .option('--context <NAME>', 'Context of the kubeconfig (default: the current one)')
    .option(
      '--kubeconfig <FILE>',
      'Path of the kubeconfig (default: $KUBECONFIG, ~/.kube/config, or the service account of the pod)',
    )
}

/** The option `-o`. The first form is the default. */
export function outputOption<const T extends readonly [string, ...string[]]>(forms: T): Option {
  return new Option('-o, --output <FORM>', `Output format. One of: ${forms.join(', ')}`)
    .choices(forms)
    .default(forms[0])
}

/** The option `--no-color`. If it is set, `color` is false. */
export function noColorOption(): Option {
  return new Option('--no-color', 'Disable colors (also NO_COLOR)')
}
