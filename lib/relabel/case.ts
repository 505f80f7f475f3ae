// Upper and lower case letter by letter, as Go's strings package maps it: no letter becomes two, none looks at its
// neighbours.

const ASCII = /^[\x00-\x7f]*$/

export function lowercase(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase()
  let out = ''
  for (const letter of text) out += simple(letter, letter.toLowerCase())
  return out
}

export function uppercase(text: string): string {
  if (ASCII.test(text)) return text.toUpperCase()
  let out = ''
  for (const letter of text) out += simpleUpper(letter)
  return out
}

/** JavaScript maps U+0130 to an i with a combining dot; its simple mapping is the i alone. */
function simple(letter: string, mapped: string): string {
  return letter === '\u0130' ? 'i' : isOne(mapped) ? mapped : letter
}

/** Greek vowels with iota have a one-letter upper case beside the two-letter one that JavaScript takes. */
function simpleUpper(letter: string): string {
  const mapped = letter.toUpperCase()
  if (isOne(mapped)) return mapped
  for (const distance of [8, 9, 12]) {
    const candidate = String.fromCodePoint(letter.codePointAt(0)! + distance)
    if (candidate.toLowerCase() === letter) return candidate
  }
  return letter
}

function isOne(text: string): boolean {
  return text.length === 1 || (text.length === 2 && text.codePointAt(0)! > 0xffff)
}
