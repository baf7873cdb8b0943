// Runs the built command line as a user does.
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { killAtExit } from './children.js'
import { packageRoot } from './shared.js'

/** What a finished program left. */
export interface Finished {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** Path of the program. */
export const programPath = join(packageRoot, 'dist', 'pipeline', 'cli', 'main.js')

/** Options of a run. */
export interface ProgramOptions {
  cwd?: string
  env?: Record<string, string>
  /** Called with the child, e.g. to send signals. */
  started?(child: ChildProcess): void
}

/** Runs `saccade …` to its end; a run that takes longer than 60 s is killed and shows as signal SIGKILL. */
export function saccade(args: readonly string[], options: ProgramOptions = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = killAtExit(
      spawn(process.execPath, [programPath, ...args], {
        cwd: options.cwd,
        env: { ...process.env, SACCADE_DEBUG: undefined, ...options.env },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    )
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000)
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, stdout, stderr })
    })
    options.started?.(child)
  })
}
