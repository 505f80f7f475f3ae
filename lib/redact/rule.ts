// A rule of what is to be hidden: how it looks, and what in a text makes it worth looking for.

/** Where something to hide stands. */
export interface Span {
  readonly start: number
  readonly end: number
}

export interface RedactRule {
  readonly name: string
  /** The rules that are asked for together. */
  readonly group: 'secrets' | 'personal' | 'addresses' | 'own'
  /** For the manual: lower case, no full stop. */
  readonly about: string
  /**
   * What makes a text worth looking at: one of some texts, in any case, or characters of which there must be enough.
   */
  readonly trigger: readonly string[] | 'card' | 'at' | 'dots' | 'colons' | 'plus' | 'iban' | 'always'
  /** Calls `found` for each place, from left to right. */
  find(text: string, found: (start: number, end: number) => void): void
  /** Instead of the common replacement. */
  readonly replace?: string
}

/** Bits of information in a character of a text, by how often its characters are there (Shannon). */
export function entropy(text: string): number {
  const counts = new Map<string, number>()
  for (const c of text) counts.set(c, (counts.get(c) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length)
  return bits
}
