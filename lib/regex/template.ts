// Replacement templates as Go's regexp.Expand reads them: $1, ${1}, $name, ${name}, and $$ for a dollar sign.

/** Texts and references in turn; a reference is a group's number or name. */
export type Template = readonly (string | { readonly group: number | string })[]

const NAME = /^(?:\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/u

/**
 * Takes a template apart. The name is the longest run of letters, digits and underscores (`$1x` is `${1x}`); a dollar
 * sign that begins no reference stands for itself.
 */
export function parseTemplate(text: string): Template {
  const parts: (string | { group: number | string })[] = []
  let literal = ''
  let at = 0
  for (;;) {
    const dollar = text.indexOf('$', at)
    if (dollar < 0) break
    literal += text.slice(at, dollar)
    at = dollar + 1
    if (text[at] === '$') {
      literal += '$'
      at++
      continue
    }
    const found = NAME.exec(text.slice(at))
    if (found === null) {
      literal += '$'
      continue
    }
    if (literal !== '') parts.push(literal)
    literal = ''
    parts.push({ group: groupOf(found[1] ?? found[2]) })
    at += found[0].length
  }
  literal += text.slice(at)
  if (literal !== '') parts.push(literal)
  return parts
}

/** Digits without a leading zero count groups; anything else is a name. */
function groupOf(name: string): number | string {
  return /^(?:0|[1-9][0-9]{0,8})$/.test(name) ? Number(name) : name
}

/** Fills a template; a group that does not exist or took no part is empty. */
export function expand(
  template: Template,
  groups: readonly (string | undefined)[],
  names: ReadonlyMap<string, number>,
): string {
  let text = ''
  for (const part of template) {
    if (typeof part === 'string') text += part
    else {
      const number = typeof part.group === 'number' ? part.group : names.get(part.group)
      if (number !== undefined) text += groups[number] ?? ''
    }
  }
  return text
}
