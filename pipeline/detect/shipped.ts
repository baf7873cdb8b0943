// The networks that come with saccade: every folder under models/ of the package with model.spike in it. Those whose data
// forbid some uses are in the repository only, so an installed package has fewer.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { WindowSpec } from '../windows/spec.js'
import { loadPlan } from './plan-file.js'

/** What `default` stands for: the first of these that is here. `car` is in a clone only. */
const DEFAULTS = ['car', 'street'] as const
/** Name of the default, whatever it is here. */
const DEFAULT = 'default'
const PLAN_FILE = 'model.spike'

/** A shipped model, for listings. */
export interface ShippedModel {
  name: string
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

/**
 * What runs when nobody names a model: `car` where it is (a clone), else `street` (an installed package). `default` where
 * there is no model at all: whoever loads it is told so.
 * @example
 * defaultModel(['car', 'street']) // 'car'
 */
export function defaultModel(names: readonly string[] = shippedNames()): string {
  return DEFAULTS.find((name) => names.includes(name)) ?? names[0] ?? DEFAULT
}

/** Path of a shipped model's plan by its name, or by `default`; undefined when there is none. */
export function shippedPlan(name: string): string | undefined {
  const names = shippedNames()
  const folder = name === DEFAULT ? defaultModel(names) : name
  // Only what was listed: a name never climbs out of models/.
  return names.includes(folder) ? join(modelsFolder(), folder, PLAN_FILE) : undefined
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
  const names = shippedNames()
  return Promise.all(
    names.map(async (name) => {
      const path = join(modelsFolder(), name, PLAN_FILE)
      const plan = await loadPlan(path)
      return {
        name,
        title: titleOf(join(dirname(path), 'card.md')) ?? name,
        path,
        sha256: plan.onnxSha256,
        classes: plan.head.classes,
        window: plan.window,
        exact: plan.exact,
        default: name === defaultModel(names),
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
