// PyTorch files by hand: a pickle of a state dict, and the archive around it.
import { crc32 } from 'node:zlib'

const text = (s: string) => {
  const bytes = Buffer.from(s)
  const size = Buffer.alloc(4)
  size.writeUInt32LE(bytes.length)
  return Buffer.concat([Buffer.from('X'), size, bytes])
}
const code = (...bytes: (number | string)[]) =>
  Buffer.concat(bytes.map((b) => (typeof b === 'number' ? Buffer.of(b) : Buffer.from(b))))
const tuple = (...items: Buffer[]) => Buffer.concat([code('('), ...items, code('t')])
const int = (n: number) => code('K', n)

/** A tensor as torch.save writes it: float32, row-major, in storage `key`. */
export function pickledTensor(key: string, size: readonly number[]): Buffer {
  const elements = size.reduce((product, n) => product * n, 1)
  const stride = size.map((_, i) => size.slice(i + 1).reduce((product, n) => product * n, 1))
  const storage = tuple(
    text('storage'),
    code('ctorch\nFloatStorage\n'),
    text(key),
    text('cpu'),
    int(elements),
  )
  const hooks = code('ccollections\nOrderedDict\n', ')', 'R')
  return Buffer.concat([
    code('ctorch._utils\n_rebuild_tensor_v2\n'),
    tuple(
      Buffer.concat([storage, code('Q')]),
      int(0),
      tuple(...size.map(int)),
      tuple(...stride.map(int)),
      code(0x89),
      hooks,
    ),
    code('R'),
  ])
}

/** Protocol 2: a dictionary of tensors, with memo and a few values that no state dict needs. */
export function pickledStateDict(tensors: Readonly<Record<string, readonly number[]>>): Buffer {
  const items = Object.entries(tensors).map(([name, size], i) =>
    Buffer.concat([text(name), code('q', i + 1), pickledTensor(String(i), size)]),
  )
  return Buffer.concat([code(0x80, 2, '}', 'q', 0, '('), ...items, code('u', '.')])
}

/** A ZIP archive of stored entries, as torch.save and this project's reader know it. */
export function storedZip(entries: Readonly<Record<string, Uint8Array>>): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const [name, data] of Object.entries(entries)) {
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0)
    fields.writeUInt32LE(crc32(data), 10)
    fields.writeUInt32LE(data.length, 14)
    fields.writeUInt32LE(data.length, 18)
    fields.writeUInt16LE(Buffer.byteLength(name), 22)
    const place = Buffer.alloc(14)
    place.writeUInt32LE(at, 10)
    const local = [code('PK', 3, 4), fields, Buffer.from(name), Buffer.from(data)]
    directory.push(code('PK', 1, 2, 20, 0), fields, place, Buffer.from(name))
    parts.push(...local)
    at += local.reduce((sum, part) => sum + part.length, 0)
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  const count = Object.keys(entries).length
  end.writeUInt16LE(count, 4)
  end.writeUInt16LE(count, 6)
  end.writeUInt32LE(central.length, 8)
  end.writeUInt32LE(at, 12)
  return Buffer.concat([...parts, central, code('PK', 5, 6), end])
}
