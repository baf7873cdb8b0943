// A contact sheet: several windows of one recording on one page.
import { SaccadeError } from '../errors.js'
import { Ink } from './palette.js'
import { Picture } from './picture.js'

const GAP = 4

/**
 * Lays pictures of one size out in rows of `columns`, with a gap between them.
 * @example
 * await writeFile('preview.png', encodePng(contactSheet(eightWindows, 4)))
 */
export function contactSheet(pictures: readonly Picture[], columns: number): Picture {
  const first = pictures[0]
  if (first === undefined) throw new SaccadeError('ERR_ARGUMENT', 'a contact sheet needs a picture')
  const across = Math.min(columns, pictures.length)
  const down = Math.ceil(pictures.length / across)
  const sheet = new Picture(
    across * (first.width + GAP) + GAP,
    down * (first.height + GAP) + GAP,
    first.theme,
  )
  sheet.fill(0, 0, sheet.width, sheet.height, Ink.faint)
  for (const [i, picture] of pictures.entries()) {
    const x = GAP + (i % across) * (first.width + GAP)
    const y = GAP + Math.floor(i / across) * (first.height + GAP)
    sheet.paste(picture, x, y)
  }
  return sheet
}
