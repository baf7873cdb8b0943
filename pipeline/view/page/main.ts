// The page: one object for the state, one function for each part of the picture.
import type { Detection } from '../../detect/detection.js'
import type { FrameHeader, Hello, Rows, Status } from '../live/protocol.js'
import { drawBoxes } from './boxes.js'
import { Connection, type Link } from './connection.js'
import { bindControls, showControls, trailUs } from './controls.js'
import { element } from './dom.js'
import { NetworkStrip } from './network.js'
import { showNotice } from './notice.js'
import { showDetections, showNetwork, showRate, showStatus, showTime } from './panels.js'
import { Player } from './player.js'
import { drawTimeline } from './plots.js'
import { Series } from './series.js'
import { fitStage } from './stage.js'
import { Surface } from './surface.js'
import { isLight, onTheme } from './theme.js'

/** All that the page knows. */
export class Page {
  hello: Hello | undefined
  status: Status | undefined
  header: FrameHeader | undefined
  link: Link = { state: 'connecting' }
  showsBoxes = true
  readonly series = new Series()
  readonly surface = new Surface(element('events', 'canvas'))
  readonly network = new NetworkStrip(element('network-plot', 'canvas'))
  readonly player = new Player(
    this.series,
    (request) => this.connection.ask(request),
    () => this.#jump(),
    () => this.touch(),
  )
  readonly connection = new Connection({
    onLink: (link) => this.#onLink(link),
    onHello: (hello) => this.#begin(hello),
    onStatus: (status) => this.#onStatus(status),
    onRows: (rows) => this.#onRows(rows),
    onFrame: (header, picture) => this.#onFrame(header, picture),
  })
  #isTouched = true
  #isPainted = false

  /** Something changed: drawn with the next picture of the screen. */
  touch(): void {
    this.#isTouched = true
  }

  /** The picture must be painted again, e.g. in other colours. */
  repaint(): void {
    this.#isPainted = false
    this.touch()
  }

  get detections(): readonly Detection[] {
    return this.header?.detections ?? []
  }

  /** What the timeline spans; of a recording that is not read to its end, an estimate by the part that is. */
  get span(): { from: number; to: number } {
    const from = (this.series.first?.[0] ?? 0) - (this.hello?.window.durationUs ?? 0)
    const last = this.series.last?.[0] ?? from + 1
    const progress = this.status?.progress ?? 1
    // Before a hundredth is read there is nothing to estimate from.
    const to = progress > 0.01 && progress < 1 ? from + (last - from) / progress : last
    return { from, to: Math.max(last, to) }
  }

  draw(): void {
    if (!this.#isTouched) return
    this.#isTouched = false
    const { header, hello } = this
    if (header !== undefined && !this.#isPainted) {
      this.surface.trailUs = trailUs(this)
      this.surface.paint(header.tEnd)
      this.#isPainted = true
    }
    if (hello !== undefined) {
      const shown = this.showsBoxes ? this.detections : []
      drawBoxes(element('boxes', 'canvas'), shown, hello.geometry, isLight())
      const at = header?.tEnd ?? this.span.from
      if (hello.kind === 'recording') {
        const { hopUs } = hello.window
        const timeline = { series: this.series, hopUs, ...this.span, at }
        drawTimeline(element('timeline-plot', 'canvas'), timeline)
      }
    }
    showTime(this)
    showRate(this)
    showDetections(this)
    showNetwork(this)
    showStatus(this)
    showControls(this)
    showNotice(this)
  }

  #onLink(link: Link): void {
    this.link = link
    this.touch()
  }

  #begin(hello: Hello): void {
    const isNew = hello.run !== this.hello?.run
    this.hello = hello
    // The process tells its windows again from the start.
    this.series.clear()
    if (isNew) {
      this.header = undefined
      this.status = undefined
      this.surface.resize(hello.geometry.width, hello.geometry.height)
      this.network.begin(hello.layers)
      document.title = `saccade · ${hello.source}`
    }
    this.player.trailUs = trailUs(this)
    fitStage(this)
    this.player.begin(hello, isNew)
    this.touch()
  }

  #onStatus(status: Status): void {
    this.status = status
    this.player.isComplete = status.source === 'done'
    this.touch()
  }

  #onRows({ rows }: Rows): void {
    this.series.add(rows)
    this.touch()
  }

  #onFrame(header: FrameHeader, picture: Uint8Array): void {
    if (!this.player.take(header)) return
    this.surface.add(picture, header.tEnd)
    this.network.add(header)
    if (header.before) return
    this.header = header
    this.repaint()
  }

  #jump(): void {
    this.surface.clear()
    this.network.clear()
  }
}

const page = new Page()
bindControls(page)
onTheme(() => {
  page.surface.isLight = isLight()
  page.repaint()
})
new ResizeObserver(() => {
  fitStage(page)
  page.touch()
}).observe(element('stage', 'div').parentElement!)
page.connection.open()

function loop(now: number): void {
  page.player.tick(now)
  page.draw()
  requestAnimationFrame(loop)
}
requestAnimationFrame(loop)
// Ages and silences go on while nothing comes.
setInterval(() => page.touch(), 1000)
