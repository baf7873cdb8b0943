// saccade models: the networks that are here, and whether their files are whole.
import { dirname } from 'node:path'
import type { Command } from 'commander'
import { checkSums, type FileCheck } from '../detect/checksums.js'
import { listModels, type ShippedModel } from '../detect/shipped.js'
import { SaccadeError } from '../errors.js'
import { type CommonOptions, type Context, makeCommand, printJson, printTable } from './command.js'
import { EXIT } from './failure.js'

interface ModelsOptions extends CommonOptions {
  check?: boolean
}

/** A model and what became of its files; `problem` where they could not be compared. */
interface Checked {
  name: string
  files: FileCheck[]
  problem?: string
}

export function modelsCommand(context: Context): Command {
  return makeCommand(['saccade models', 'saccade models --check', 'saccade models --json'])
    .option(
      '--check',
      'compare their files with their SHA256SUMS; exit 1 when one is not as listed',
    )
    .action(async ({ check, json }: ModelsOptions) => {
      const models = await listModels()
      if (check) {
        const checked = await Promise.all(models.map(checkModel))
        if (json) printJson(checked)
        else for (const model of checked) printChecked(model)
        if (!checked.every(isWhole)) context.exitCode = EXIT.failed
      } else if (json) printJson(models)
      else if (models.length === 0)
        process.stdout.write('no models in this installation; --model takes a path\n')
      else printTable(models.map(row))
    })
}

function row({ name, default: isDefault, window, classes, exact, title }: ShippedModel) {
  return [
    name,
    isDefault ? 'default' : '',
    `${window.width}x${window.height}, ${window.durationUs / 1000} ms`,
    classes.join(','),
    exact === 'yes' ? 'exact' : '',
    title,
  ]
}

async function checkModel({ name, path }: ShippedModel): Promise<Checked> {
  try {
    return { name, files: await checkSums(dirname(path)) }
  } catch (error) {
    if (error instanceof SaccadeError) return { name, files: [], problem: error.message }
    throw error
  }
}

function isWhole({ files, problem }: Checked): boolean {
  return problem === undefined && files.every(({ state }) => state === 'ok' || state === 'left out')
}

function printChecked(model: Checked): void {
  const { name, files, problem } = model
  const whole = files.filter(({ state }) => state === 'ok').length
  const others = files
    .filter(({ state }) => state !== 'ok')
    .map(({ file, state }) => `, ${file} ${state}`)
  const text = problem ?? `${whole} files as listed${others.join('')}`
  process.stdout.write(`${name}  ${isWhole(model) ? 'ok' : 'NOT OK'}  ${text}\n`)
}
