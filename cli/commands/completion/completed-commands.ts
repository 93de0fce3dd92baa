import type { Command, Option } from 'commander'

/** The parts of a command that a shell can complete. */
export interface CompletedCommand {
  readonly name: string
  readonly description: string
  readonly flags: readonly CompletedFlag[]
  /** Possible values of the first argument, if they are known. */
  readonly words: readonly string[]
}

export interface CompletedFlag {
  readonly short: string | null
  readonly long: string
  readonly description: string
  readonly value: FlagValue
}

export type FlagValue =
  | { readonly kind: 'none' }
  | { readonly kind: 'file' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  | { readonly kind: 'text' }

/** The program itself, with its commands as `words`, followed by the commands. */
export function describeCommands(program: Command): readonly [CompletedCommand, ...CompletedCommand[]] {
  return [
    { ...describeCommand(program), words: program.commands.map((command) => command.name()) },
    ...program.commands.map(describeCommand),
  ]
}

function describeCommand(command: Command): CompletedCommand {
  const options = command.createHelp().visibleOptions(command)
  return {
    name: command.name(),
    description: command.description(),
    flags: options.flatMap((option) =>
      option.long === undefined
        ? []
        : [
            {
              short: option.short ?? null,
              long: option.long,
              description: option.description,
              value: describeValue(option),
            },
          ],
    ),
    words: command.registeredArguments[0]?.argChoices ?? [],
  }
}

function describeValue(option: Option): FlagValue {
  if (option.argChoices !== undefined) return { kind: 'choice', choices: option.argChoices }
  if (!option.required && !option.optional) return { kind: 'none' }
  return { kind: /<(FILE|DIR)>/.test(option.flags) ? 'file' : 'text' }
}
