// What went wrong, where, what was expected and what to do: one type, one printer.

/** Exit codes of every command (solder(1), EXIT STATUS). */
export const EXIT = { done: 0, failed: 1, usage: 2, temporary: 75, readerGone: 141 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export interface Place {
  file: string
  /** From 1. */
  line?: number
  /** From 1, in characters. */
  column?: number
  /** Characters to underline, 1 if absent. */
  length?: number
  /** The text of the line, for the excerpt. */
  source?: string
}

export interface ProblemDetails {
  exit?: ExitCode
  place?: Place
  expected?: string
  hint?: string
  cause?: unknown
}

/** An error for people. Never holds a secret. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly exit: ExitCode
  readonly place: Place | undefined
  readonly expected: string | undefined
  readonly hint: string | undefined

  constructor(message: string, details: ProblemDetails = {}) {
    super(message, { cause: details.cause })
    this.exit = details.exit ?? EXIT.usage
    this.place = details.place
    this.expected = details.expected
    this.hint = details.hint
  }

  /** The same, told in other words. */
  reworded(words: (text: string) => string): Problem {
    const { place, exit, cause, expected, hint } = this
    return new Problem(words(this.message), {
      place,
      exit,
      cause,
      expected: expected === undefined ? undefined : words(expected),
      hint: hint === undefined ? undefined : words(hint),
    })
  }
}

/** Several problems found together; the exit code is that of the first. */
export class Problems extends Error {
  override readonly name = 'Problems'
  constructor(readonly list: readonly Problem[]) {
    super(list.map((problem) => problem.message).join('; '))
  }
}

/** The problems that an error tells; any other error is thrown again. */
export function problemsOf(error: unknown): readonly Problem[] {
  if (error instanceof Problems) return error.list
  if (error instanceof Problem) return [error]
  throw error
}

/** Runs a step of a set-up; its problems are kept, so that all are told together. */
export async function collect<T>(problems: Problem[], step: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await step()
  } catch (error) {
    problems.push(...problemsOf(error))
    return undefined
  }
}

/** Throws what was collected, if anything was. */
export function throwAll(problems: readonly Problem[]): void {
  if (problems.length === 1) throw problems[0]
  if (problems.length > 1) throw new Problems(problems)
}

/** Compiler form: `where: message`, the excerpt with a caret, what was expected, one hint. */
export function renderProblem(problem: Problem, stage: string): string {
  const { place } = problem
  const at =
    place === undefined
      ? stage
      : [place.file, place.line, place.column].filter((part) => part !== undefined).join(':')
  const lines = [`${at}: ${problem.message}`]
  if (place?.source !== undefined) lines.push(...excerpt(place, place.source))
  if (problem.expected !== undefined) lines.push(...wrapped('  expected: ', problem.expected))
  if (problem.hint !== undefined) lines.push(`  hint: ${problem.hint}`)
  return lines.join('\n') + '\n'
}

const WIDTH = 100

/** A list of words over as many lines as it takes, each under the first word. */
function wrapped(head: string, text: string): string[] {
  const lines = [head]
  for (const word of text.split(/(?<=, )/)) {
    const last = lines.length - 1
    if (lines[last].length > head.length && lines[last].length + word.trimEnd().length > WIDTH) {
      lines[last] = lines[last].trimEnd()
      lines.push(' '.repeat(head.length) + word)
    } else lines[last] += word
  }
  return lines
}

function excerpt(place: Place, source: string): string[] {
  const number = String(place.line ?? 1)
  const column = place.column ?? 1
  // A long line is cut to a window around the column.
  const from = column > WIDTH - 20 ? column - 60 : 0
  const shown = source.slice(from, from + WIDTH).replaceAll('\t', ' ')
  const pad = ' '.repeat(number.length)
  const room = Math.max(1, shown.length - (column - 1 - from))
  const carets = '^'.repeat(Math.min(place.length ?? 1, room))
  return [`  ${number} | ${shown}`, `  ${pad} | ${' '.repeat(column - 1 - from)}${carets}`]
}

/** The known word nearest to what was typed, if one is near enough to be meant. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(word, candidate, bestDistance)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** `did you mean 'x'?`, or undefined. */
export function didYouMean(word: string, known: Iterable<string>): string | undefined {
  const found = nearest(word, known)
  return found === undefined ? undefined : `did you mean '${found}'?`
}

/** Edits (with swaps of neighbours) between two words, `limit` if there are at least that many. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2] + 1)
      row.push(cost)
    }
    before = above
    above = row
  }
  return Math.min(limit, above[b.length])
}
