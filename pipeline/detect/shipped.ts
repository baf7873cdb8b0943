// The networks that come with saccade: one folder each under models/ of the package, with model.spike in it. Those whose
// data forbid some uses are in the repository only, so an installed package may have none.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { WindowSpec } from '../windows/spec.js'
import { loadPlan } from './plan-file.js'

/** What runs when nobody names a model. */
export const DEFAULT_MODEL = 'car-pilot'
const ALIASES: Readonly<Record<string, string>> = { car: DEFAULT_MODEL }
const PLAN_FILE = 'model.spike'

/** A shipped model, for listings. */
export interface ShippedModel {
  name: string
  /** Other names that load it. */
  aliases: string[]
  /** First heading of its card. */
  title: string
  /** Its .spike file. */
  path: string
  /** sha256 of its ONNX file. */
  sha256: string
  classes: string[]
  window: WindowSpec
  exact: 'yes' | 'no'
  default: boolean
}

/** Path of a shipped model's plan by name or alias; undefined when there is none. */
export function shippedPlan(name: string): string | undefined {
  const path = join(modelsFolder(), ALIASES[name] ?? name, PLAN_FILE)
  // A name is one folder, nothing that climbs out of models/.
  return /^[\w-]+$/.test(name) && existsSync(path) ? path : undefined
}

/** Names of all shipped models. */
export function shippedNames(): string[] {
  const folder = modelsFolder()
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, PLAN_FILE)))
    .sort()
}

/**
 * All shipped models, by name.
 * @example
 * for (const { name, title } of await listModels()) console.log(name, title)
 */
export async function listModels(): Promise<ShippedModel[]> {
  return Promise.all(
    shippedNames().map(async (name) => {
      const path = shippedPlan(name)!
      const plan = await loadPlan(path)
      return {
        name,
        aliases: Object.keys(ALIASES).filter((alias) => ALIASES[alias] === name),
        title: titleOf(join(dirname(path), 'card.md')) ?? name,
        path,
        sha256: plan.onnxSha256,
        classes: plan.head.classes,
        window: plan.window,
        exact: plan.exact,
        default: name === DEFAULT_MODEL,
      }
    }),
  )
}

function titleOf(card: string): string | undefined {
  if (!existsSync(card)) return undefined
  return /^# (.+)$/m.exec(readFileSync(card, 'utf8'))?.[1]
}

/** models/ beside the package.json that is nearest above this file, wherever dist/ lies. */
function modelsFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder)
    folder = dirname(folder)
  return join(folder, 'models')
}
