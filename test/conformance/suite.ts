// The conformance cases: files of data, and what runs a case of each suite against the product.

/** A case as it stands in its file; the suite's `note` says what its keys mean. */
export interface Case {
  name: string
  kind?: string
  expected?: unknown
  [key: string]: unknown
}

/** Runs one case; throws (an AssertionError says most) where the product does otherwise. */
export interface Runner {
  (test: Case): void | Promise<void>
  /** Cases run at once: those that mostly wait. One, if absent. */
  together?: number
}

export interface SuiteFile {
  suite: string
  note: string
  cases: Case[]
}

/** A string of a case: itself, or bytes that are not UTF-8. */
export function bytesOf(value: unknown): Buffer {
  if (typeof value === 'string') return Buffer.from(value)
  return Buffer.from((value as { $base64: string }).$base64, 'base64')
}

/** A number of a case: itself or one of the words for what JSON lacks; StaleNaN is undefined here. */
export function numberIn(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  const words: { [word: string]: number } = { NaN: NaN, '+Inf': Infinity, '-Inf': -Infinity, '-0': -0 }
  return words[value as string]
}
