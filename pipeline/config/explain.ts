// A merged configuration as a list that may be shown: secrets masked, each value with its origin.
import type { LoadedConfig } from './load.js'
import { settingName, settings } from './schema.js'

const MASK = '********'

/** One line of `saccade config`. */
export interface ExplainedSetting {
  /** e.g. "model.threads" */
  name: string
  /** Masked when it is a secret; undefined when not set. */
  value: unknown
  /** "default", "robot.yaml:12:3", "SACCADE_MODEL_THREADS" or "--threads"; "-" when not set. */
  origin: string
}

/** Every setting with its value and origin. */
export function explainConfig({ config, origins }: LoadedConfig): ExplainedSetting[] {
  return settings.map((setting) => {
    const name = settingName(setting)
    const [section, key] = setting.path
    const value = (config as Record<string, Record<string, unknown>>)[section]![key]
    if (value === undefined) return { name, value, origin: '-' }
    const shown = setting.isSecret ? MASK : setting.isUrl ? maskUrl(String(value)) : value
    return { name, value: shown, origin: origins.get(name) ?? 'default' }
  })
}

/**
 * A URL whose password is masked.
 * @example
 * maskUrl('mqtt://robot:pw@broker') // 'mqtt://robot:********@broker'
 */
export function maskUrl(url: string): string {
  return url.replace(/^(\w+:\/\/)([^/@:]*):.*@/, `$1$2:${MASK}@`)
}
