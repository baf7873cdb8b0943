// File < environment < flags, each value with its origin.
import { SaccadeError } from '../errors.js'
import { type FileLayer, readConfigFile, type Tree } from './file.js'
import { type Config, configSchema, type Setting, settingName, settings } from './schema.js'
import { nearest } from './suggest.js'

/** Values of flags by setting name, as typed: { "model.threads": "2", "source.loop": true }. */
export type FlagValues = Readonly<Record<string, string | boolean | undefined>>

/** A merged configuration. */
export interface LoadedConfig {
  config: Config
  /** "model.threads" -> "robot.yaml:12:3", "SACCADE_MODEL_THREADS" or "--threads"; what is absent is a default. */
  origins: ReadonlyMap<string, string>
}

/** Where values come from. */
export interface ConfigLayers {
  /** Path of a YAML file. */
  file?: string
  environment?: Readonly<Record<string, string | undefined>>
  flags?: FlagValues
}

/**
 * Merges and checks all layers. Throws ERR_CONFIG for a wrong file or variable and ERR_ARGUMENT for a wrong flag.
 * @example
 * const { config } = await loadConfig({ file: 'robot.yaml', environment: process.env })
 */
export async function loadConfig(layers: ConfigLayers): Promise<LoadedConfig> {
  const file: FileLayer = layers.file
    ? await readConfigFile(layers.file)
    : { tree: {}, places: new Map() }
  const environment = layers.environment ?? {}
  const flags = layers.flags ?? {}
  refuseUnknownVariables(environment)

  const tree: Tree = structuredClone(file.tree)
  const origins = new Map<string, string>()
  for (const setting of settings) {
    const name = settingName(setting)
    const [section, key] = setting.path
    const fromFile = file.places.get(name)
    if (fromFile !== undefined) origins.set(name, fromFile)

    const variable = environment[setting.variable]
    if (variable !== undefined && variable !== '') {
      const value = read(setting, variable, setting.variable, 'ERR_CONFIG')
      tree[section] = { ...tree[section], [key]: value }
      origins.set(name, setting.variable)
    }
    const flag = flags[name]
    if (flag !== undefined) {
      const value = read(setting, flag, flagName(name), 'ERR_ARGUMENT')
      tree[section] = { ...tree[section], [key]: value }
      origins.set(name, flagName(name))
    }
  }
  return { config: configSchema.parse(tree), origins }
}

/** Values typed as text become what the schema wants, or an error that names the variable or flag. */
function read(
  setting: Setting,
  typed: string | boolean,
  origin: string,
  code: 'ERR_CONFIG' | 'ERR_ARGUMENT',
): unknown {
  const result = setting.schema.safeParse(fromText(setting, typed))
  if (result.success) return result.data
  const shown = setting.isSecret ? '(hidden)' : JSON.stringify(typed)
  throw new SaccadeError(code, `${origin} must be ${result.error.issues[0]!.message}, not ${shown}`)
}

function fromText(setting: Setting, typed: string | boolean): unknown {
  if (typeof typed === 'boolean') return typed
  const text = typed.trim()
  if (setting.kind === 'number') return text === '' ? Number.NaN : Number(text)
  if (setting.kind === 'list') return text.split(',').map((item) => item.trim())
  if (setting.kind !== 'boolean') return text
  if (['true', '1', 'yes', 'on'].includes(text)) return true
  return ['false', '0', 'no', 'off'].includes(text) ? false : text
}

/** The main key of a section is called by the section (model.name is --model), all others by their key. */
function flagName(name: string): string {
  const [section, key] = name.split('.') as [string, string]
  return ['name', 'enabled', 'url', 'link', 'address', 'port', 'file', 'listen'].includes(key)
    ? `--${section}`
    : `--${key}`
}

/** Variables that begin like a section but name no setting are misspelt; others (SACCADE_ISA …) are not ours to judge. */
function refuseUnknownVariables(environment: Readonly<Record<string, string | undefined>>): void {
  const known = settings.map((setting) => setting.variable)
  const sections = Object.keys(configSchema.shape).map((name) => `SACCADE_${name.toUpperCase()}_`)
  for (const name of Object.keys(environment)) {
    if (!sections.some((section) => name.startsWith(section)) || known.includes(name)) continue
    const meant = nearest(name, known)
    throw new SaccadeError(
      'ERR_CONFIG',
      `the environment variable ${name} is no setting`,
      meant ? `did you mean ${meant}?` : 'saccade config lists the settings',
    )
  }
}
