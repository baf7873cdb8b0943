// The filters that there are, and how specs of them are read: as JSON (models, programs) and as text (flags, YAML).
import { z } from 'zod'
import { SaccadeError } from '../errors.js'
import type { Geometry } from '../events/packet.js'
import { backgroundActivity } from './background-activity.js'
import type { EventFilter, FilterKind } from './filter.js'
import { flip } from './flip.js'
import { hotPixels } from './hot-pixels.js'
import { polarity } from './polarity.js'
import { rateLimit } from './rate-limit.js'
import { refractory } from './refractory.js'
import { roi } from './roi.js'
import { rotate } from './rotate.js'
import { stc } from './stc.js'
import { swapPolarity } from './swap-polarity.js'
import { trail } from './trail.js'
import { transpose } from './transpose.js'

const KINDS = [
  refractory,
  hotPixels,
  swapPolarity,
  backgroundActivity,
  stc,
  trail,
  polarity,
  roi,
  flip,
  transpose,
  rotate,
  rateLimit,
] as const

type SpecOf<Kind> = Kind extends FilterKind<infer Spec> ? Spec : never
/** Any filter with its settings, as in a model's metadata. */
export type FilterSpec = SpecOf<(typeof KINDS)[number]>

/** A filter whose settings may be left out. */
export type FilterInput = { readonly name: FilterSpec['name'] } & Readonly<Record<string, unknown>>

/** More in a row are a mistake. */
export const MOST_FILTERS = 8

/** A list of filters as JSON, in order of application. */
export const filtersSchema: z.ZodType<FilterSpec[]> = z
  .array(
    z.unknown().transform((value, context): FilterSpec => {
      const name = (value as { name?: unknown } | null)?.name
      const kind = KINDS.find((kind) => kind.name === name)
      const parsed = kind?.schema.safeParse(value)
      if (parsed?.success) return parsed.data
      const issue = parsed?.error.issues[0]
      context.addIssue({
        code: 'custom',
        path: issue?.path,
        message:
          issue?.message ??
          `there is no filter ${JSON.stringify(name) ?? 'without a name'}; there are ${names()}`,
      })
      return z.NEVER
    }),
  )
  .max(MOST_FILTERS)

/** Filters that a model asks for: nothing that belongs to one camera. */
export const modelFiltersSchema: z.ZodType<FilterSpec[]> = filtersSchema.superRefine(
  (filters, context) => {
    for (const [index, spec] of filters.entries()) {
      const what = kindOf(spec).ofCamera(spec)
      if (what === undefined) continue
      const message = `${what} belongs to a camera, not to a model`
      context.addIssue({ code: 'custom', path: [index], message })
    }
  },
)

/** Checks filters and fills in their defaults. Throws ERR_ARGUMENT for what is none. */
export function readFilters(filters: readonly FilterInput[]): FilterSpec[] {
  const parsed = filtersSchema.safeParse(filters)
  if (parsed.success) return parsed.data
  const { path, message } = parsed.error.issues[0]!
  throw new SaccadeError('ERR_ARGUMENT', `${['filters', ...path].join('.')}: ${message}`)
}

/**
 * A filter as people write it.
 * @throws ERR_ARGUMENT when there is no such filter or a setting is none
 * @example
 * parseFilter('refractory:50us') // { name: 'refractory', us: 50 }
 */
export function parseFilter(text: string): FilterSpec {
  const [name, ...settings] = text.trim().split(':')
  const kind = KINDS.find((kind) => kind.name === name)
  if (kind === undefined)
    throw new SaccadeError('ERR_ARGUMENT', `there is no filter "${name}"`, `there are ${names()}`)
  const parsed = kind.schema.safeParse({ name, ...(kind.parse(settings) ?? { invalid: true }) })
  if (parsed.success) return parsed.data
  throw new SaccadeError('ERR_ARGUMENT', `"${text}" is no filter`, `write ${kind.usage}`)
}

/**
 * A filter as people write it; what parseFilter reads, but for lists of pixels.
 * @example
 * filterText({ name: 'refractory', us: 50 }) // 'refractory:50us'
 */
export function filterText(spec: FilterSpec): string {
  return kindOf(spec).text(spec)
}

/** Cause under which the ledger counts what a filter takes out. */
export function filterCause(spec: FilterSpec): string {
  return kindOf(spec).cause
}

/** Size of the sensor behind a filter; undefined when it leaves every event at its pixel. */
export function movedTo(spec: FilterSpec, sensor: Geometry): Geometry | undefined {
  return kindOf(spec).moves?.(spec, sensor)
}

/** A filter for one stream of one sensor. */
export function createFilter(spec: FilterSpec, sensor: Geometry): EventFilter {
  return kindOf(spec).create(spec, sensor)
}

/** The kind of a spec takes that spec, which the type of a list of kinds cannot say. */
function kindOf(spec: FilterSpec): FilterKind<FilterSpec> {
  return KINDS.find(({ name }) => name === spec.name) as unknown as FilterKind<FilterSpec>
}

function names(): string {
  return KINDS.map(({ name }) => name).join(', ')
}
