// What stands on the picture when there is none, or when it is not of now: every state has its words.
import { element, say } from './dom.js'
import { clock } from './format.js'
import type { Page } from './main.js'

interface Notice {
  title: string
  text: string
  /** Below the last picture, which stays to be seen. */
  isOver?: boolean
  asksToken?: boolean
}

/** A camera that is up and sends nothing is told of after this time. */
const SILENT_MS = 3000

export function showNotice(page: Page): void {
  const notice = noticeOf(page)
  const target = element('notice', 'div')
  const stage = element('stage', 'div')
  target.hidden = notice === undefined
  stage.classList.toggle('stale', notice?.isOver === true)
  if (notice === undefined) return
  target.classList.toggle('over', notice.isOver === true)
  say(element('notice-title', 'h2'), notice.title)
  say(element('notice-text', 'p'), notice.text)
  element('token-form', 'form').hidden = notice.asksToken !== true
}

function noticeOf({ link, hello, header, status }: Page): Notice | undefined {
  const isOver = header !== undefined
  switch (link.state) {
    case 'connecting':
      return hello === undefined
        ? { title: 'Connecting', text: 'to the saccade that serves this page' }
        : { title: 'Connecting again', text: 'this is the last picture that came', isOver }
    case 'lost':
      return {
        title: hello === undefined ? 'No answer' : 'The connection is lost',
        text: 'saccade has stopped or cannot be reached; this page comes back by itself',
        isOver,
      }
    case 'token':
      return {
        title: link.wasGiven ? 'The token is wrong' : 'This page needs a token',
        text: 'saccade prints the whole address, with its token, when it starts',
        asksToken: true,
      }
    case 'full':
      return { title: 'Enough pages are open', text: 'this one waits until another is closed' }
    case 'open':
      return sourceNotice(hello?.source ?? '', isOver, status)
  }
}

function sourceNotice(name: string, isOver: boolean, status: Page['status']): Notice | undefined {
  if (status?.failure !== undefined)
    return { title: 'The run failed', text: status.failure, isOver }
  switch (status?.source) {
    case 'opening':
      if (isOver) return undefined
      return {
        title: 'Waiting for the camera',
        text: `${name} is not there yet; saccade keeps trying`,
      }
    case 'lost':
      return { title: 'The camera is lost', text: `${name}: saccade keeps trying`, isOver }
    case 'silent':
      return { title: 'The camera is silent', text: `${name} is there and sends no events`, isOver }
    case 'closed':
      return { title: 'The run has ended', text: 'this is its last picture', isOver }
    case 'done':
      return isOver || status.windows > 0
        ? undefined
        : { title: 'Nothing to show', text: `${name} has no window` }
  }
  if (isOver) {
    if (status?.source !== 'up' || status.idleMs < SILENT_MS) return undefined
    const silent = clock(status.idleMs / 1000)
    return { title: 'Nothing comes', text: `no window for ${silent}`, isOver }
  }
  return { title: 'Waiting for the first window', text: `from ${name}` }
}
