// The receivers in robot/, built for a test.
import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Folder of the receivers in the source tree. */
export const robotFolder = fileURLToPath(new URL('../../../robot', import.meta.url))

/** Compiles robot/saccade_print.c with all warnings as errors; returns the program's path. */
export function compilePrinter(...flags: string[]): string {
  const program = join(mkdtempSync(join(tmpdir(), 'saccade-print-')), 'saccade_print')
  const strict = ['-std=c99', '-Wall', '-Wextra', '-Wpedantic', '-Werror', '-O1']
  execFileSync('cc', [...strict, ...flags, '-o', program, join(robotFolder, 'saccade_print.c')])
  return program
}
