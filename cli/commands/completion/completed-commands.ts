import type { Command, Option } from 'commander'

/** What a shell can complete of one command. */
export interface CompletedCommand {
  readonly name: string
  readonly description: string
  readonly flags: readonly CompletedFlag[]
  /** The words that its first argument may be, if they are known. */
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

/** The program itself, whose `words` are its commands, and then each of these. */
export function describeCommands(program: Command): readonly [CompletedCommand, ...CompletedCommand[]] {
  return [
    { ...completed(program), words: program.commands.map((command) => command.name()) },
    ...program.commands.map(completed),
  ]
}

function completed(command: Command): CompletedCommand {
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
              value: takenBy(option),
            },
          ],
    ),
    words: command.registeredArguments[0]?.argChoices ?? [],
  }
}

function takenBy(option: Option): FlagValue {
  if (option.argChoices !== undefined) return { kind: 'choice', choices: option.argChoices }
  if (!option.required && !option.optional) return { kind: 'none' }
  return { kind: /<(FILE|DIR)>/.test(option.flags) ? 'file' : 'text' }
}
