// Numbers as people read them.

/** "1.250 s" */
export function seconds(us: number): string {
  return `${(us / 1e6).toFixed(3)} s`
}

/** "842 ev", "12.4 kev", "1.33 Mev/s" */
export function quantity(n: number, unit: string): string {
  if (n < 999.5) return `${Math.round(n)} ${unit}`
  const [value, prefix] =
    n < 999_500 ? [n / 1e3, 'k'] : n < 999_500_000 ? [n / 1e6, 'M'] : [n / 1e9, 'G']
  const digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${value.toFixed(digits)} ${prefix}${unit}`
}

/** "9 s", "1:05", "2:00:00" */
export function clock(s: number): string {
  if (s < 60) return `${Math.round(s)} s`
  const two = (n: number) => String(n).padStart(2, '0')
  const minutes = Math.floor(s / 60)
  if (minutes < 60) return `${minutes}:${two(Math.round(s) % 60)}`
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(Math.round(s) % 60)}`
}

/** The value below which a share q of sorted values lies (nearest rank). */
export function quantile(sorted: readonly number[], q: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]
}
