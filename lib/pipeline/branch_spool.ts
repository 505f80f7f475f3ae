// What a branch holds on the disk while its stages take nothing, or too little: batches of records as canonical lines,
// in the order in which they came.

import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Account, Clock, Log } from '../component.js'
import { RECORD_LINES } from '../spool/format.js'
import type { Entry } from '../spool/frame.js'
import { waits } from '../spool/inspect.js'
import type { SpoolReader } from '../spool/reader.js'
import { partsOf, scanFolder } from '../spool/scan.js'
import { Spool } from '../spool/spool.js'
import type { Loss, LossReason } from '../spool/store.js'

export interface BranchSpoolOptions {
  /** Bytes of the files. */
  readonly bytes: number
  /** Milliseconds after which what waits is given up; 0: never. */
  readonly age: number
}

export interface BranchSpoolContext {
  readonly clock: Clock
  readonly log: Log
  /** Of the branch. */
  readonly account: Account
}

/** A batch from the disk. */
export interface Stored {
  readonly lines: Buffer
  readonly records: number
  /** It is not read again, once that is on the disk. */
  done(): void
}

/** A power cut costs what came in this time, milliseconds. */
const FSYNC_EVERY = 1000

const BOUNDS: { readonly [reason in LossReason]?: string } = {
  spool_full: 'more than --branch-spool-bytes',
  spool_age: 'older than --branch-spool-age',
}

export class BranchSpool {
  /** The disk has failed: nothing is stored or read any more. */
  broken = false
  #closed = false
  #room: Promise<void> | null = null
  /** The next entry, asked for and not taken. */
  #asked: Promise<Entry | null> | null = null
  #emptied: () => void = () => {}

  private constructor(
    private readonly spool: Spool,
    private readonly reader: SpoolReader,
    private readonly context: BranchSpoolContext,
  ) {
    const { account, log } = context
    reader.lost = ({ records, reason, words }: Loss) => {
      if (records > 0) account.drop(reason, records)
      log.warn(`${spool.folder}: ${records} records lost (${reason}): ${BOUNDS[reason] ?? words}`)
      if (!this.waits) this.#emptied()
    }
  }

  /** Opens it with what an earlier process left, which is made here. Throws a Problem. */
  static async open(folder: string, options: BranchSpoolOptions, context: BranchSpoolContext): Promise<BranchSpool> {
    const { clock, log, account } = context
    const how = { ...options, drops: true, fsync: 'interval', fsyncInterval: FSYNC_EVERY } as const
    const spool = await Spool.open(folder, how, clock, log)
    const reader = await spool.reader('read')
    account.made += reader.records
    if (reader.records > 0) log.info(`${folder}: ${reader.records} records of an earlier run`)
    return new BranchSpool(spool, reader, context)
  }

  /** Whether something is there that is not done with. */
  get waits(): boolean {
    return !this.broken && !this.#closed && this.reader.low < this.spool.end
  }

  /** @param lines nobody else writes there */
  append(lines: Buffer, records: number): void {
    this.spool.append({ lane: 0, lanes: 1, records, format: RECORD_LINES, body: lines })
  }

  /** Resolves when the disk has taken so much that there is room for more; nothing if there is already. */
  room(): void | Promise<void> {
    if (this.#room !== null) return this.#room
    try {
      const room = this.spool.room()
      if (room === undefined) return
      this.#room = room.catch((error: unknown) => this.#break(error)).finally(() => (this.#room = null))
      return this.#room
    } catch (error) {
      this.#break(error)
    }
  }

  /** The next batch, for one reader at a time; null where there is none any more. */
  async next(): Promise<Stored | null> {
    if (!this.waits) return null
    // What is lost on the way may have been the last.
    const emptied = new Promise<null>((resolve) => (this.#emptied = () => resolve(null)))
    try {
      const entry = await Promise.race([(this.#asked ??= this.reader.next()), emptied])
      if (entry === null) return null
      this.#asked = null
      return this.#stored(entry)
    } catch (error) {
      this.#break(error)
      return null
    }
  }

  /** Lets go of the folder, with everything on the disk. */
  async close(): Promise<void> {
    this.#closed = true
    await this.spool.close().catch((error: unknown) => this.#break(error))
  }

  #stored(entry: Entry): Stored {
    const { body, records } = entry
    return { lines: body, records, done: () => this.reader.done(entry) }
  }

  #break(error: unknown): void {
    if (this.broken) return
    this.broken = true
    const { message } = error as Error
    this.context.log.error(`${message}: nothing is stored there any more, until the pipe is started again`)
  }
}

/** Folders beside those of the branches, with the records that wait there: their branch is no more, or another one. */
export async function strayFolders(folders: readonly string[]): Promise<{ folder: string; records: number }[]> {
  const found: { folder: string; records: number }[] = []
  for (const parent of new Set(folders.map((folder) => dirname(folder)))) {
    const names = await readdir(parent).catch(() => [])
    for (const folder of names.map((name) => join(parent, name)).filter((one) => !folders.includes(one))) {
      const records = await waitingIn(folder)
      if (records > 0) found.push({ folder, records })
    }
  }
  return found
}

async function waitingIn(folder: string): Promise<number> {
  const { segments, offsets } = await scanFolder(folder)
  let records = 0
  for (const segment of segments) {
    for await (const { head } of partsOf(segment)) {
      if (head !== null && waits(offsets.values(), head.seq)) records += head.records
    }
  }
  return records
}
