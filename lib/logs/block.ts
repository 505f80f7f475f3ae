// Blocks of lines that belong together: what the stage multiline and the files that are followed have in common.

import { Problem } from '../diag/problem.js'
import type { Pattern } from '../regex/pattern.js'
import { searching } from './source.js'
import { withoutNewlines } from './text.js'

/** Where blocks begin and end. */
export interface BlockRule {
  /** Finds the first line of a block. */
  readonly first: Pattern
  /** Milliseconds that a block waits for another line. */
  readonly wait: number
  readonly lines: number
  readonly size: number
}

interface Written {
  readonly max_wait_time: number
  readonly max_lines: number
  readonly max_block_size: number
}

/** @param firstline an RE2 expression. Throws a Problem */
export function blockRule(firstline: string, { max_wait_time, max_lines, max_block_size }: Written): BlockRule {
  if (firstline === '') throw new Problem('multiline stage config must define `firstline` regular expression')
  if (max_wait_time <= 0) throw new Problem('max_wait_time must be greater than 0')
  const first = searching(firstline, 'multiline stage first line regex compilation error')
  return { first, wait: max_wait_time, lines: max_lines === 0 ? Infinity : max_lines, size: max_block_size }
}

export class Block {
  readonly #lines: string[] = []
  #size = 0

  /** @param trims whether newlines are taken off the line's end */
  constructor(private readonly trims: boolean) {}

  /** @param size that of the line as it came; if absent that of its text and a newline */
  add(line: string, size?: number): void {
    const text = this.trims ? withoutNewlines(line) : line
    this.#lines.push(text)
    this.#size += size ?? text.length + 1
  }

  get length(): number {
    return this.#lines.length
  }

  /** Whether it takes no more lines. */
  isFull({ lines, size }: BlockRule): boolean {
    return this.#lines.length >= lines || this.#size >= size
  }

  get text(): string {
    return this.#lines.join('\n')
  }
}
