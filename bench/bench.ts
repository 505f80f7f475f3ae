// What a benchmark is: rows of figures, and the bars that they are held against.

export interface Row {
  name: string
  /** Figures by name; units are in the name. */
  figures: { readonly [figure: string]: number }
  /** What the processes of a contestant cost, each. */
  processes?: readonly { name: string; figures: { readonly [figure: string]: number } }[]
  /** What is wrong with this contestant's figures: samples lost, scrapes left out. */
  mark?: string
  /** Resident bytes after each scrape, where memory is watched. */
  resident?: readonly number[]
}

/** A figure and the bar of the project for it. */
export interface Bar {
  what: string
  figure: number
  /** The bar is the least that is good, or the most. */
  bar: { least: number } | { most: number }
  unit?: string
}

/** What the command line chooses; undefined leaves it to the benchmark. */
export interface Choice {
  /** Contestants whose names have one of these words in them; all of them where there are none. */
  only: readonly string[]
  rounds: number | undefined
  seconds: number | undefined
  /** Also count the pauses for garbage collection, which costs a little. */
  gc: boolean
}

export interface Bench {
  name: string
  /** The row and figure that the others are compared with. */
  base: readonly [row: string, figure: string]
  run(choice: Choice): Promise<Row[]>
  /** The bars for rows that are there. */
  bars(rows: readonly Row[]): Bar[]
}

export function isChosen(name: string, { only }: Choice): boolean {
  return only.length === 0 || only.some((word) => name.includes(word))
}

/** A figure of one row over that of another; undefined where one is not there. */
export function ratio(rows: readonly Row[], figure: string, of: string, to: string): number | undefined {
  const value = (name: string) => rows.find((row) => row.name === name)?.figures[figure]
  const [above, below] = [value(of), value(to)]
  return above === undefined || below === undefined ? undefined : above / below
}

/** Rows of several rounds as one: the median of each figure, the marks of all, the processes of the last. */
export function medianRow(rounds: readonly Row[]): Row {
  const last = rounds[rounds.length - 1]
  const keys = Object.keys(last.figures)
  const figures = Object.fromEntries(keys.map((key) => [key, median(rounds.map((row) => row.figures[key]))]))
  const marks = rounds.flatMap(({ mark }) => (mark === undefined ? [] : [mark]))
  return { ...last, figures, mark: marks.length === 0 ? undefined : marks.join('; ') }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]
}
