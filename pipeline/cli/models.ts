// saccade models: the networks that are here.
import type { Command } from 'commander'
import { listModels } from '../detect/shipped.js'
import { type CommonOptions, makeCommand, printJson, printTable } from './command.js'

export function modelsCommand(): Command {
  return makeCommand(['saccade models', 'saccade models --json']).action(
    async (options: CommonOptions) => {
      const models = await listModels()
      if (options.json) {
        printJson(models)
        return
      }
      if (models.length === 0)
        process.stdout.write('no models in this installation; --model takes a path\n')
      else
        printTable(
          models.map(({ name, aliases, default: isDefault, window, classes, exact, title }) => [
            [name, ...aliases].join(', '),
            isDefault ? 'default' : '',
            `${window.width}x${window.height}, ${window.durationUs / 1000} ms`,
            classes.join(','),
            exact === 'yes' ? 'exact' : '',
            title,
          ]),
        )
    },
  )
}
