// The accounts of the stages of a pipe, added up: what one let out, the next took in.

export interface Entry {
  stage: string
  in: number
  made: number
  out: number
  /** By reason. */
  dropped: ReadonlyMap<string, number>
  pending: number
  in_bytes: number
  out_bytes: number
}

const COUNTS = ['in', 'made', 'out', 'pending', 'in_bytes', 'out_bytes'] as const

/** The account on a line that `--ledger` wrote; null for any other line. */
export function parseEntry(line: string): Entry | null {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return null
  }
  if (value === null || typeof value !== 'object') return null
  const { stage, dropped, ...counts } = value as { [key: string]: unknown }
  if (typeof stage !== 'string' || dropped === null || typeof dropped !== 'object') return null
  const reasons = new Map(Object.entries(dropped as { [reason: string]: number }))
  if ([...reasons.values()].some((count) => !Number.isSafeInteger(count))) return null
  if (COUNTS.some((key) => !Number.isSafeInteger(counts[key]))) return null
  return { stage, dropped: reasons, ...(counts as unknown as Omit<Entry, 'stage' | 'dropped'>) }
}

export function droppedBy({ dropped }: Entry): number {
  let total = 0
  for (const count of dropped.values()) total += count
  return total
}

/**
 * What does not add up, a sentence each.
 *
 * @param settled whether a record that is pending is one too many
 */
export function gapsOf(entries: readonly Entry[], settled: boolean): string[] {
  const gaps: string[] = []
  for (const [i, entry] of entries.entries()) {
    const { stage, made, out, pending } = entry
    const came = entry.in + made
    const went = out + droppedBy(entry) + pending
    if (came !== went) {
      gaps.push(`${stage}: ${came} came in or were made, ${went} are accounted for: ${apart(came, went)}`)
    }
    if (pending < 0) gaps.push(`${stage}: ${-pending} more went than came`)
    else if (settled && pending > 0) gaps.push(`${stage}: ${pending} pending`)
    const next = entries[i + 1]
    if (next === undefined || out === next.in) continue
    gaps.push(`between ${stage} and ${next.stage}: ${out} went out, ${next.in} came in: ${apart(out, next.in)}`)
  }
  return gaps
}

export function apart(expected: number, found: number): string {
  return expected > found ? `${expected - found} missing` : `${found - expected} too many`
}

const HEAD = ['stage', 'in', 'made', 'out', 'dropped', 'pending', 'in bytes', 'out bytes', 'why']

/** A line for each stage, in columns: the first and the last to the left, numbers to the right. */
export function tableOf(entries: readonly Entry[]): string {
  const rows = [HEAD, ...entries.map(rowOf)]
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const cell = (text: string, column: number) => {
    if (column === HEAD.length - 1) return text
    return column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column])
  }
  return rows.map((row) => `${row.map(cell).join('  ').trimEnd()}\n`).join('')
}

function rowOf(entry: Entry): string[] {
  const { stage, made, out, pending, in_bytes, out_bytes } = entry
  const counts = [entry.in, made, out, droppedBy(entry), pending, in_bytes, out_bytes]
  return [stage, ...counts.map(String), [...entry.dropped].map(([reason, count]) => `${reason} ${count}`).join(', ')]
}
