// The Python literals that stand in .npy headers: dicts, lists, tuples, strings, whole numbers, True, False, None. Nothing is
// evaluated, and nesting is bounded, since the text comes from a file.

/** Tuples and lists both become arrays; dicts become maps. */
export type PythonLiteral =
  | string
  | number
  | boolean
  | null
  | PythonLiteral[]
  | Map<string, PythonLiteral>

const MAX_DEPTH = 8
const WORDS: Readonly<Record<string, boolean | null>> = { True: true, False: false, None: null }

/** Parses one literal that fills the text; undefined when it is none. */
export function parsePythonLiteral(text: string): PythonLiteral | undefined {
  const parser = new Parser(text)
  try {
    const value = parser.value(0)
    return parser.atEnd() ? value : undefined
  } catch (error) {
    if (error instanceof NotALiteral) return undefined
    throw error
  }
}

class NotALiteral extends Error {}

class Parser {
  #at = 0

  constructor(readonly text: string) {}

  atEnd(): boolean {
    return this.#peek() === ''
  }

  value(depth: number): PythonLiteral {
    if (depth > MAX_DEPTH) throw new NotALiteral()
    const first = this.#peek()
    if (first === '{') return this.#dict(depth)
    if (first === '[') return this.#list(']', depth)
    if (first === '(') return this.#list(')', depth)
    if (first === "'" || first === '"') return this.#string()
    const word = this.#match(/[A-Za-z]+|-?\d{1,15}L?/y)
    if (word in WORDS) return WORDS[word]!
    const number = Number(word.replace(/L$/, ''))
    if (Number.isNaN(number)) throw new NotALiteral()
    return number
  }

  #dict(depth: number): Map<string, PythonLiteral> {
    const entries = new Map<string, PythonLiteral>()
    this.#at += 1
    while (this.#peek() !== '}') {
      const key = this.#string()
      this.#take(':')
      entries.set(key, this.value(depth + 1))
      if (this.#peek() !== '}') this.#take(',')
    }
    this.#at += 1
    return entries
  }

  #list(close: string, depth: number): PythonLiteral[] {
    const items: PythonLiteral[] = []
    this.#at += 1
    while (this.#peek() !== close) {
      items.push(this.value(depth + 1))
      if (this.#peek() !== close) this.#take(',')
    }
    this.#at += 1
    return items
  }

  #string(): string {
    this.#peek()
    return this.#match(/'[^'\\]*'|"[^"\\]*"/y).slice(1, -1)
  }

  /** Next character that is no white space; '' at the end. */
  #peek(): string {
    while (/\s/.test(this.text[this.#at] ?? '')) this.#at += 1
    return this.text[this.#at] ?? ''
  }

  #take(character: string): void {
    if (this.#peek() !== character) throw new NotALiteral()
    this.#at += 1
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.text)?.[0]
    if (found === undefined) throw new NotALiteral()
    this.#at += found.length
    return found
  }
}
