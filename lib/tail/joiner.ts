// Lines of a file to entries of several lines. A block that may go on is not taken yet: it is read once more with
// what comes.

import { Block, type BlockRule } from '../logs/block.js'

/** A line, and where it ends in the bytes that are being taken. */
export interface PlacedLine {
  readonly text: string
  readonly end: number
  /** Whether it is the beginning of a longer one. */
  readonly cut: boolean
}

/** Some lines as one entry. */
export interface Joined {
  readonly text: string
  readonly lines: number
  readonly bytes: number
  readonly cut: boolean
}

export class Joiner {
  /** Whether a first line has come: what is behind it belongs to a block, what is before it stands alone. */
  begun = false

  constructor(private readonly rule: BlockRule) {}

  /**
   * Passes on the blocks that are whole: the next one begins, they are full, or their last line was cut.
   *
   * @param from where the lines begin
   * @param all the last block, too, though it may go on
   * @returns where the lines begin that were not passed on
   */
  join(lines: Iterable<PlacedLine>, from: number, all: boolean, pass: (entry: Joined) => void): number {
    let block = new Block(true)
    let start = from
    const go = (end: number, cut: boolean) => {
      if (block.length > 0) pass({ text: block.text, lines: block.length, bytes: end - start, cut })
      block = new Block(true)
      start = end
    }
    let at = from
    for (const { text, end, cut } of lines) {
      if (this.rule.first.test(text)) {
        go(at, false)
        this.begun = true
      }
      if (this.begun) {
        block.add(text, end - at)
        if (cut || block.isFull(this.rule)) go(end, cut)
      } else {
        pass({ text, lines: 1, bytes: end - at, cut })
        start = end
      }
      at = end
    }
    if (all) go(at, false)
    return start
  }
}
