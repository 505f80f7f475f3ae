// Names of metrics and labels from protocols that allow any text.

export const NAME_STYLES = ['underscores', 'utf8'] as const

/** Letters, digits and underscores, as all versions of Prometheus take them; or any text, as Prometheus 3 does. */
export type NameStyle = (typeof NAME_STYLES)[number]

/** `''` for a name without characters. */
export function metricName(text: string, style: NameStyle): string {
  return style === 'utf8' ? text : escaped(text, true)
}

/** Never one of those with two underscores in front, which are instructions and not sent. */
export function labelName(text: string, style: NameStyle): string {
  const name = style === 'utf8' ? text : escaped(text, false)
  if (!name.startsWith('__')) return name
  let from = 1
  while (name[from + 1] === '_') from++
  return name.slice(from)
}

/** Anything else is an underscore, each character one; and one stands before a digit in front. */
function escaped(text: string, colons: boolean): string {
  if (isPlain(text, colons)) return text
  let name = ''
  for (const character of text) name += character.length === 1 && isPlainAt(character, 0, colons) ? character : '_'
  return name >= '0' && name < ':' ? `_${name}` : name
}

function isPlain(text: string, colons: boolean): boolean {
  for (let at = 0; at < text.length; at++) if (!isPlainAt(text, at, colons)) return false
  return !(text >= '0' && text < ':')
}

function isPlainAt(text: string, at: number, colons: boolean): boolean {
  const code = text.charCodeAt(at)
  return (
    (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || (code >= 48 && code <= 57) ||
    (code === 58 && colons)
  )
}
