// The size of the picture: as large as there is room for, in whole screen pixels per sensor pixel where that is possible.
import { element } from './dom.js'
import type { Page } from './main.js'

/** Kept below the picture for time, timeline and buttons, CSS pixels. */
const BELOW = 188
const LEAST_HEIGHT = 200
/** A whole factor is worth so much of the size, not more: then pixels are not all of one size. */
const KEPT = 0.85

/** Sets the size of the frame around both canvases. */
export function fitStage({ hello }: Page): void {
  const stage = element('stage', 'div')
  const frame = element('frame', 'div')
  const { width, height } = hello?.geometry ?? { width: 304, height: 240 }
  const room = stage.clientWidth
  const top = stage.getBoundingClientRect().top + window.scrollY
  const tall = Math.max(LEAST_HEIGHT, window.innerHeight - top - BELOW)
  const ratio = window.devicePixelRatio || 1
  const fit = Math.min(room / width, tall / height) * ratio
  const whole = Math.floor(fit)
  const scale = (whole > KEPT * fit ? whole : fit) / ratio
  frame.style.width = `${width * scale}px`
  frame.style.height = `${height * scale}px`
}
