// Writes Prophesee's RAW files: a header as today's cameras write it, and EVT2, EVT2.1 or EVT3.
import type { EncoderName } from '../events/native.js'
import { ORIGIN_ENTRY } from './dat-header.js'
import { EncodedWriter } from './encoded-writer.js'
import type { WriterFormat } from './writer.js'

export const evt3Writer = writer('evt3', 'EVT3', 2 ** 24, ['.raw'])
export const evt2Writer = writer('evt2', 'EVT2', 2 ** 34)
export const evt21Writer = writer('evt21', 'EVT2.1', 2 ** 34)
export const evt21LegacyWriter = writer('evt21-legacy', 'EVT2.1, legacy order', 2 ** 34)

function writer(
  name: EncoderName,
  title: string,
  rangeUs: number,
  extensions: readonly string[] = [],
): WriterFormat {
  const format = name === 'evt3' ? 'EVT3' : name === 'evt2' ? 'EVT2' : 'EVT21'
  const order = name === 'evt21' ? 'little' : name === 'evt21-legacy' ? 'legacy' : undefined
  return {
    name,
    about: `Prophesee RAW, ${title}`,
    extensions,
    // 11 bits.
    maxSide: 2048,
    open: async (sink, options) =>
      new EncodedWriter(
        {
          encoder: name,
          title,
          rangeUs,
          triggers: true,
          header: ({ width, height }, originUs, date) => {
            const lines = [
              `date ${date}`,
              `evt ${format === 'EVT21' ? '2.1' : `${format.slice(3)}.0`}`,
              `format ${format};height=${height};width=${width}${order ? `;endianness=${order}` : ''}`,
              `geometry ${width}x${height}`,
              ...(order ? [`endianness ${order}`] : []),
              ...(originUs > 0 ? [`${ORIGIN_ENTRY} ${originUs}`] : []),
              'end',
            ]
            return Buffer.from(lines.map((line) => `% ${line}\n`).join(''))
          },
        },
        sink,
        options,
      ),
  }
}
