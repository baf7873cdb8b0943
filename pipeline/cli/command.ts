// What all commands have in common: --json, --quiet, --help with examples, did-you-mean, exit code 2 on a wrong call.
import { Command } from 'commander'

/** What a command gets besides its arguments. */
export interface Context {
  /** Fires on SIGINT, SIGTERM and when the reader of stdout has gone. */
  signal: AbortSignal
  /** The exit code when a command ends without an error but with something wrong (doctor). */
  exitCode: number
}

/** Options of every command. */
export interface CommonOptions {
  json?: boolean
  quiet?: boolean
}

/** A command with the common options and its examples below the help text. */
export function makeCommand(examples: string[]): Command {
  return new Command()
    .option('--json', 'machine-readable output on stdout and nothing else there')
    .option('-q, --quiet', 'no progress and no remarks on stderr')
    .addHelpText('after', `\nExamples:\n${examples.map((line) => `  $ ${line}`).join('\n')}`)
}

/** Prints one JSON document. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`)
}

/** Rows as aligned columns, two spaces apart; the last column is not padded. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const widths: number[] = []
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length)
    })
  const lines = rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  )
  process.stdout.write(`${lines.join('\n')}\n`)
}
