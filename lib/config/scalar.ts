// Where each character of a YAML scalar stands in its file, whichever way it is quoted, folded or indented.

/** Digits behind the escapes of double quotes that tell a character's code (YAML 1.2, 5.7). */
const DIGITS: { readonly [letter: string]: number } = { x: 2, u: 4, U: 8 }

/**
 * In folded text (`>`) with lines that begin with a blank, places may be some characters off.
 *
 * @param range where the scalar begins and ends in `file`
 * @param text what it says
 * @returns offsets in the file for each unit of `text`, and for its end
 */
export function scalarOffsets(file: string, [start, end]: readonly number[], text: string): number[] {
  const mark = file[start]
  if (mark === '|' || mark === '>') {
    const first = file.indexOf('\n', start) + 1
    // An indentation that the header gives is no other than that which is seen.
    const indent = spacesIn(file, first) - spacesIn(text, 0)
    // A folded break is a space, and the empty lines behind it are a break less than they are.
    const folded = (i: number) => mark === '>' && (text[i] === ' ' || text[i + 1] !== '\n')
    return align(file, afterSpaces(file, first, indent), end, text, (at, i) => inBlock(file, at, indent, folded(i)))
  }
  if (mark === '"') return align(file, start + 1, end - 1, text, (at, i) => inDouble(file, at, text, i))
  const single = mark === "'"
  return align(file, single ? start + 1 : start, single ? end - 1 : end, text, (at, i) =>
    inFlow(file, at, text, i, single),
  )
}

/** Both texts go on side by side; `next` tells where the unit at `i` stands, given where the one before ended. */
function align(
  file: string,
  start: number,
  end: number,
  text: string,
  next: (at: number, i: number) => [number, number],
) {
  const offsets: number[] = []
  let at = start
  for (let i = 0; i < text.length; i++) {
    // Blanks that folding has lost, in ways that are not worth following.
    if (!/\s/.test(text[i])) while (at < end && /\s/.test(file[at])) at++
    const [from, to] = next(at, i)
    offsets.push(Math.min(from, end))
    at = to
  }
  offsets.push(Math.min(at, end))
  return offsets
}

type Span = [number, number]

/** A break with the blanks around it, at `at`: where the next line begins; -1 if there is none. */
function breakAt(file: string, at: number): number {
  return match(file, at, /[ \t]*\r?\n/y)
}

function match(file: string, at: number, pattern: RegExp): number {
  pattern.lastIndex = at
  const found = pattern.exec(file)
  return found === null ? -1 : at + found[0].length
}

/** @param folded whether the empty lines behind a break belong to it */
function inBlock(file: string, at: number, indent: number, folded: boolean): Span {
  let line = file[at] === '\r' || file[at] === '\n' ? breakAt(file, at) : -1
  if (line < 0) return [at, at + 1]
  if (folded) line = Math.max(line, match(file, line, /(?: *\r?\n)*/y))
  return [at, afterSpaces(file, line, indent)]
}

/** Plain and single-quoted scalars: breaks are folded with the blanks around them. */
function inFlow(file: string, at: number, text: string, i: number, single: boolean): Span {
  const line = text[i] === ' ' || text[i] === '\n' ? breakAt(file, at) : -1
  if (line >= 0) return [at, text[i] === '\n' && text[i + 1] === '\n' ? line : match(file, line, /\s*/y)]
  return [at, at + (single && file[at] === "'" ? 2 : 1)]
}

function inDouble(file: string, at: number, text: string, i: number): Span {
  const from = Math.max(at, match(file, at, /(?:\\\r?\n[ \t]*)+/y))
  if (file[from] !== '\\') return inFlow(file, from, text, i, false)
  // A character beyond the first plane is two units and one escape.
  const half = text.charCodeAt(i) >= 0xd800 && text.charCodeAt(i) < 0xdc00 && file[from + 1] === 'U'
  return [from, half ? from : from + 2 + (DIGITS[file[from + 1]] ?? 0)]
}

/** Spaces before the first line that has more than spaces. */
function spacesIn(text: string, start: number): number {
  return /^(?: *\r?\n)*( *)/.exec(text.slice(start))?.[1].length ?? 0
}

function afterSpaces(file: string, at: number, most: number): number {
  let end = at
  while (end < at + most && file[end] === ' ') end++
  return end
}
