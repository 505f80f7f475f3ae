// How two texts differ, line by line, as `diff -u` shows it.

/** Lines shown around a difference. */
const AROUND = 2
/** Pairs of lines that are compared at most; beyond, all that is between the first and the last difference is one. */
const MOST_PAIRS = 4_000_000
/** Lines of a difference that are shown. */
const MOST_LINES = 200

type Mark = ' ' | '-' | '+'
type Marked = readonly [mark: Mark, line: string]

/** Lines of what was expected with '-', lines of what came with '+', and a few around them. */
export function diffOf(expected: string, found: string): string {
  const marked = compare(linesOf(expected), linesOf(found))
  const near = (at: number) => marked.slice(Math.max(0, at - AROUND), at + AROUND + 1).some(([mark]) => mark !== ' ')
  const shown: string[] = ['--- expected', '+++ found']
  let skipped = false
  for (const [at, [mark, line]] of marked.entries()) {
    if (mark === ' ' && !near(at)) skipped = true
    else {
      if (skipped) shown.push('@@')
      skipped = false
      shown.push(mark + line)
    }
  }
  const more = shown.length - MOST_LINES
  return (more > 0 ? [...shown.slice(0, MOST_LINES), `… ${more} more lines`] : shown).join('\n')
}

function linesOf(text: string): string[] {
  if (text === '') return []
  const lines = text.split('\n')
  if (lines[lines.length - 1] === '') lines.pop()
  else lines[lines.length - 1] += '␤ (no newline at the end)'
  return lines
}

function compare(a: readonly string[], b: readonly string[]): Marked[] {
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head++
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++
  const same = (line: string): Marked => [' ', line]
  return [
    ...a.slice(0, head).map(same),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...a.slice(a.length - tail).map(same),
  ]
}

/** By the longest common subsequence. */
function middle(a: readonly string[], b: readonly string[]): Marked[] {
  const width = b.length + 1
  const marked: Marked[] = []
  let [i, j] = [0, 0]
  if (a.length * b.length <= MOST_PAIRS) {
    // common[i * width + j]: how many lines a from i and b from j have in common.
    const common = new Uint32Array((a.length + 1) * width)
    for (let i = a.length - 1; i >= 0; i--) {
      for (let j = b.length - 1; j >= 0; j--) {
        const [skipA, skipB] = [common[(i + 1) * width + j], common[i * width + j + 1]]
        common[i * width + j] = a[i] === b[j] ? common[(i + 1) * width + j + 1] + 1 : Math.max(skipA, skipB)
      }
    }
    while (i < a.length && j < b.length) {
      if (a[i] === b[j]) {
        marked.push([' ', a[i++]])
        j++
      } else if (common[(i + 1) * width + j] >= common[i * width + j + 1]) marked.push(['-', a[i++]])
      else marked.push(['+', b[j++]])
    }
  }
  for (; i < a.length; i++) marked.push(['-', a[i]])
  for (; j < b.length; j++) marked.push(['+', b[j]])
  return marked
}
