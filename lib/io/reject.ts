// What happens to records that cannot be taken: counted, told, kept in the dead letter, or the end of the stage.

import { openSync, writeSync } from 'node:fs'
import type { Account, Log, Reject } from '../component.js'
import { EXIT, Problem } from '../diag/problem.js'
import { decodeLine } from '../record/decode.js'
import { tailText } from '../record/record.js'

/** Rejections of one reason that are told one by one; the rest is summed up at the end. */
const TOLD = 10

export class Rejects {
  #fd: number | null = null
  readonly #told = new Map<string, number>()
  #total = 0

  constructor(
    private readonly stage: string,
    private readonly policy: 'drop' | 'fail' | 'pass',
    private readonly account: Account,
    private readonly log: Log,
    deadLetter: string | undefined,
  ) {
    if (deadLetter === undefined) return
    try {
      this.#fd = openSync(deadLetter, 'a')
    } catch (cause) {
      throw new Problem(`--dead-letter: cannot open ${deadLetter}: ${(cause as Error).message}`, { cause })
    }
  }

  /** Records rejected so far. */
  get total(): number {
    return this.#total
  }

  /** True where the original is to be passed on, which then counts as out, not as dropped. */
  reject(reject: Reject, passable: boolean): boolean {
    this.#total++
    const where = reject.where === undefined ? '' : `${reject.where}: `
    if (this.policy === 'fail') {
      this.account.drop(reject.reason, 1)
      this.#keep(reject)
      throw new Problem(`${where}${reject.detail}`, { exit: EXIT.failed })
    }
    const told = (this.#told.get(reject.reason) ?? 0) + 1
    this.#told.set(reject.reason, told)
    if (told <= TOLD) this.log.warn(`${where}${reject.detail}`)
    if (this.policy === 'pass' && passable) return true
    this.account.drop(reject.reason, 1)
    this.#keep(reject)
    return false
  }

  /** Tells what was not told one by one. */
  summarise(): void {
    for (const [reason, count] of this.#told) {
      if (count > TOLD) this.log.warn(`${count - TOLD} more records rejected: ${reason}`)
    }
  }

  #keep(reject: Reject): void {
    if (this.#fd === null) return
    const { reason, detail } = reject
    writeSync(this.#fd, `{"stage":${JSON.stringify(this.stage)},"reason":${JSON.stringify(reason)},"detail":${JSON.stringify(detail)},"original":${originalText(reject)}}\n`)
  }
}

/** The record as an object where it is one, so that it can be fed back in, else its text. */
function originalText({ original }: Reject): string {
  if (typeof original === 'string') return JSON.stringify(original)
  if (!Buffer.isBuffer(original)) return original.identity.prefix.toString() + tailText(original.identity, original.payload).trimEnd()
  const decoded = decodeLine(original)
  return 'reason' in decoded ? JSON.stringify(original.toString()) : original.toString()
}
