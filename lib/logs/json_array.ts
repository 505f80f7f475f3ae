// The elements of a JSON array, each in the bytes that it was written in.

const SPACES = /^[ \t\r\n]*\[/

/** The texts of the elements of a JSON array; undefined for what is none. */
export function elementsOf(text: string): string[] | undefined {
  if (!SPACES.test(text)) return undefined
  try {
    JSON.parse(text)
  } catch {
    return undefined
  }
  // It is valid JSON, so that commas outside of texts and nested values are all that parts elements.
  const elements: string[] = []
  let depth = 0
  let start = 0
  for (let at = text.indexOf('['); at < text.length; at++) {
    const c = text[at]
    if (c === '"') at = closing(text, at + 1)
    else if (c === '[' || c === '{') {
      if (depth++ === 0) start = at + 1
    } else if (c === ']' || c === '}') {
      if (--depth === 0) add(start, at)
    } else if (c === ',' && depth === 1) {
      add(start, at)
      start = at + 1
    }
  }
  return elements

  function add(from: number, to: number): void {
    while (from < to && isSpace(text.charCodeAt(from))) from++
    while (from < to && isSpace(text.charCodeAt(to - 1))) to--
    if (from < to) elements.push(text.slice(from, to))
  }
}

function isSpace(c: number): boolean {
  return c === 32 || c === 9 || c === 10 || c === 13
}

/** Where the text that is open ends. */
function closing(text: string, from: number): number {
  let at = from
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}
