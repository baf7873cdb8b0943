// How settings of filters are written: times, and rectangles of the sensor.
import { z } from 'zod'

/** Ten seconds: what happened further back says nothing about an event. */
const LONGEST_US = 10_000_000

/** Schema of a time that filters look back. */
export const timeUs = z.int().min(1).max(LONGEST_US)

const UNITS = { us: 1, ms: 1000, s: 1_000_000 } as const

/**
 * A time with its unit, undefined for what is none.
 * @example
 * parseUs('2.5ms') // 2500
 */
export function parseUs(text: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(us|ms|s)$/.exec(text) ?? []
  if (number === undefined) return undefined
  return Math.round(Number(number) * UNITS[unit as keyof typeof UNITS])
}

/** What parseUs reads: whole ms where they are. */
export function usText(us: number): string {
  return us % 1000 === 0 ? `${us / 1000}ms` : `${us}us`
}

/** The settings of a filter whose only one is a time: none, or one; undefined when they are anything else. */
export function parseTimeOnly(settings: readonly string[]): { us?: number } | undefined {
  const [time, ...rest] = settings
  if (time === undefined) return {}
  const us = parseUs(time)
  return us === undefined || rest.length > 0 ? undefined : { us }
}
