// The few things that every part of the page does with the document.

/** An element of index.html; its absence is a fault of the page. */
export function element<K extends keyof HTMLElementTagNameMap>(
  id: string,
  tag: K,
): HTMLElementTagNameMap[K] {
  const found = document.getElementById(id)
  if (found?.tagName.toLowerCase() !== tag) throw new Error(`the page has no <${tag} id="${id}">`)
  return found as HTMLElementTagNameMap[K]
}

/** Sets text only when it differs: screen readers and layout are left alone otherwise. */
export function say(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text
}

/** Lists entries as <li> of spans; nothing is touched when they are the same as before. */
export function list(
  target: HTMLElement,
  rows: readonly (readonly string[])[],
  empty: string,
): void {
  const key = JSON.stringify(rows)
  if (target.dataset.key === key) return
  target.dataset.key = key
  const shown = rows.length > 0 ? rows : [[empty]]
  target.replaceChildren(
    ...shown.map((cells) => {
      const item = document.createElement('li')
      if (rows.length === 0) item.className = 'faint'
      item.append(
        ...cells.map((cell) => {
          const span = document.createElement('span')
          span.textContent = cell
          return span
        }),
      )
      return item
    }),
  )
}

/** A canvas at the resolution of the screen; draw in CSS pixels. */
export function sharpen(canvas: HTMLCanvasElement): {
  context: CanvasRenderingContext2D
  width: number
  height: number
} {
  const ratio = window.devicePixelRatio || 1
  const width = Math.max(1, Math.round(canvas.clientWidth * ratio))
  const height = Math.max(1, Math.round(canvas.clientHeight * ratio))
  if (canvas.width !== width) canvas.width = width
  if (canvas.height !== height) canvas.height = height
  const context = canvas.getContext('2d')!
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, width, height)
  return { context, width: width / ratio, height: height / ratio }
}

/** A colour of style.css. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
}
