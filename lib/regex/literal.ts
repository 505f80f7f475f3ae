// What of a pattern is plain text: the answer for most values of a label, without a machine that walks through them.

/** A text that the whole pattern matches is one of `texts`; or it begins with `prefix`, and the pattern must decide. */
export type Literal = { readonly texts: ReadonlySet<string> } | { readonly texts?: undefined; readonly prefix: string }

/** A character that stands for itself. Fewer than RE2 has: a pattern that is not understood here is only slower. */
const PLAIN = String.raw`(?:[\w /:;,@=<>~"'%&!#-]|\\[.+*?()|[\]{}^$\\/-])`
const TEXTS = new RegExp(String.raw`^${PLAIN}*(?:\|${PLAIN}*)*$`)
const PREFIX = new RegExp(`^${PLAIN}*`)
const TOKENS = /\\.|./gs

/** What is plain in a pattern that must match whole texts; null where nothing is. */
export function literalOf(source: string): Literal | null {
  if (TEXTS.test(source)) return { texts: new Set(textsOf(source)) }
  const tokens = PREFIX.exec(source)![0].match(TOKENS) ?? []
  const rest = source.slice(tokens.join('').length)
  // What is repeated may be there no time at all; flags in between are nothing to repeat.
  if (/^(?:\(\?[a-zA-Z-]+\))*[*+?{]/.test(rest)) tokens.pop()
  return tokens.length > 0 && !hasBranches(rest) ? { prefix: tokens.map(unescape).join('') } : null
}

function textsOf(source: string): string[] {
  const texts = ['']
  for (const token of source.match(TOKENS) ?? []) {
    if (token === '|') texts.push('')
    else texts[texts.length - 1] += unescape(token)
  }
  return texts
}

function unescape(token: string): string {
  return token.length === 2 ? token[1] : token
}

/** Whether there may be a `|` outside of all groups, behind which a text needs no prefix. */
function hasBranches(rest: string): boolean {
  if (!rest.includes('|')) return false
  // Parentheses in a class or a quotation are no groups.
  if (rest.includes('[') || rest.includes('\\Q')) return true
  let depth = 0
  for (const token of rest.match(TOKENS)!) {
    if (token === '(') depth++
    else if (token === ')') depth--
    if (depth < 0 || (depth === 0 && token === '|')) return true
  }
  return false
}
