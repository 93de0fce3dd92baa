import { type Command, Option } from 'commander'

/** The flags of kubectl for which cluster and namespace, for commands that talk to one. */
export function withConnectionFlags(command: Command, namespaceText: string): Command {
  return command
    .option('-n, --namespace <NAME>', namespaceText)
    .option('--context <NAME>', 'context of the kubeconfig')
    .option('--kubeconfig <FILE>', 'as for kubectl; else $KUBECONFIG, ~/.kube/config, or the own pod’s service account')
}

/** `-o`; the first form is the default. */
export function outputOption<const T extends readonly [string, ...string[]]>(forms: T): Option {
  return new Option('-o, --output <FORM>', `form of the output: ${forms.join(', ')}`).choices(forms).default(forms[0])
}

/** `color` is false where it is given. */
export function noColorOption(): Option {
  return new Option('--no-color', 'no colours, also on a terminal; NO_COLOR does the same')
}
