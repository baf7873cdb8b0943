// Dark or light: as the system is, or as the reader says; remembered in this browser.
import { element, say } from './dom.js'

type Choice = 'auto' | 'dark' | 'light'
const NEXT: Readonly<Record<Choice, Choice>> = { auto: 'dark', dark: 'light', light: 'auto' }
const NAMES: Readonly<Record<Choice, string>> = { auto: 'Auto', dark: 'Dark', light: 'Light' }
const KEY = 'saccade.theme'
const system = matchMedia('(prefers-color-scheme: light)')
let choice: Choice = readChoice()
const listeners: (() => void)[] = []

export function isLight(): boolean {
  return choice === 'light' || (choice === 'auto' && system.matches)
}

/** Calls now and with every change. */
export function onTheme(listener: () => void): void {
  listeners.push(listener)
  listener()
}

export function nextTheme(): void {
  choice = NEXT[choice]
  localStorage.setItem(KEY, choice)
  apply()
}

function apply(): void {
  document.documentElement.dataset.theme = isLight() ? 'light' : 'dark'
  const button = element('theme', 'button')
  say(button, NAMES[choice])
  const spoken = choice === 'auto' ? 'as the system' : choice
  button.setAttribute('aria-label', `${NAMES[choice]} colours: ${spoken}`)
  for (const listener of listeners) listener()
}

function readChoice(): Choice {
  const kept = localStorage.getItem(KEY)
  return kept === 'dark' || kept === 'light' ? kept : 'auto'
}

system.addEventListener('change', apply)
apply()
