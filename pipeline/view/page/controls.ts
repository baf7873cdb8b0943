// Buttons, sliders and keys.
import { element, say } from './dom.js'
import { seconds } from './format.js'
import type { Page } from './main.js'
import { nextTheme } from './theme.js'

/** How long events stay, ms, by the place of the slider; 0 is the window alone. */
const TRAILS = [0, 20, 50, 100, 150, 200, 300, 500, 750, 1000, 1500]
const SECOND_US = 1_000_000

/** The trail that is set, at least one window. */
export function trailUs({ hello }: Page): number {
  const set = TRAILS[element('trail', 'input').valueAsNumber]! * 1000
  return Math.max(set, hello?.window.hopUs ?? 0)
}

export function bindControls(page: Page): void {
  const { player } = page
  const on = (id: string, act: () => void) => element(id, 'button').addEventListener('click', act)
  on('play', () => player.toggle())
  on('back', () => player.step(-1))
  on('forth', () => player.step(1))
  on('follow', () => player.follow())
  on('theme', nextTheme)
  on('help', () => element('keys', 'dialog').showModal())
  const speed = element('speed', 'select')
  speed.addEventListener('change', () => {
    player.speed = Number(speed.value)
  })
  element('seek', 'input').addEventListener('input', ({ target }) => {
    player.seek((target as HTMLInputElement).valueAsNumber)
  })
  const trail = element('trail', 'input')
  trail.addEventListener('input', () => {
    player.trailUs = trailUs(page)
    page.repaint()
  })
  const boxes = element('show-boxes', 'input')
  boxes.addEventListener('change', () => {
    page.showsBoxes = boxes.checked
    page.touch()
  })
  const loop = element('loop', 'input')
  loop.addEventListener('change', () => {
    player.loops = loop.checked
  })
  const form = element('token-form', 'form')
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    page.connection.useToken(element('token', 'input').value.trim())
  })
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (element('keys', 'dialog').open || takesKey(event)) return
    const act = KEYS[event.key]
    if (act === undefined) return
    event.preventDefault()
    act(page, event)
  })
}

/** Whether the element that has the focus means something else by this key. */
function takesKey({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.closest('input[type="password"], select') !== null) return true
  if (target.closest('button, summary, input[type="checkbox"]') !== null) return key === ' '
  if (target.closest('input[type="range"]') !== null) return /^(Arrow|Home|End|Page)/.test(key)
  return false
}

const KEYS: Readonly<Record<string, (page: Page, event: KeyboardEvent) => void>> = {
  ' ': ({ player }) => player.toggle(),
  ArrowLeft: ({ player }, { shiftKey }) => player.step(-1, shiftKey ? -SECOND_US : undefined),
  ArrowRight: ({ player }, { shiftKey }) => player.step(1, shiftKey ? SECOND_US : undefined),
  Home: ({ player }) => player.toStart(),
  End: ({ player }) => player.follow(),
  n: ({ player }) => player.follow(),
  '+': () => turn('speed', 1),
  '=': () => turn('speed', 1),
  '-': () => turn('speed', -1),
  '[': () => turn('trail', -1),
  ']': () => turn('trail', 1),
  b: () => element('show-boxes', 'input').click(),
  c: nextTheme,
  '?': () => element('keys', 'dialog').showModal(),
}

function turn(id: 'speed' | 'trail', by: number): void {
  if (id === 'speed') {
    const select = element('speed', 'select')
    select.selectedIndex = Math.min(select.length - 1, Math.max(0, select.selectedIndex + by))
    select.dispatchEvent(new Event('change'))
  } else {
    const trail = element('trail', 'input')
    trail.valueAsNumber += by
    trail.dispatchEvent(new Event('input'))
  }
}

export function showControls(page: Page): void {
  const { player, hello, header } = page
  const isRecording = hello?.kind === 'recording'
  say(element('play', 'button'), player.isPlaying ? 'Pause' : isRecording ? 'Play' : 'Go on')
  element('follow', 'button').setAttribute(
    'aria-pressed',
    String(player.isFollowing && player.isPlaying),
  )
  element('back', 'button').hidden = !isRecording
  element('speed-field', 'label').hidden = !isRecording
  element('loop-field', 'label').hidden = !isRecording
  element('timeline', 'div').hidden = !isRecording
  const trail = TRAILS[element('trail', 'input').valueAsNumber]!
  const hopMs = (hello?.window.hopUs ?? 0) / 1000
  say(element('trail-text', 'output'), trail <= hopMs ? `${hopMs} ms` : `${trail} ms`)
  if (!isRecording) return
  const { from, to } = page.span
  const seek = element('seek', 'input')
  seek.min = String(Math.round(from))
  seek.max = String(Math.round(to))
  seek.step = String(hello.window.hopUs)
  if (header === undefined) return
  seek.valueAsNumber = Math.round(player.t)
  seek.setAttribute('aria-valuetext', seconds(player.t - (hello.start ?? from)))
}
